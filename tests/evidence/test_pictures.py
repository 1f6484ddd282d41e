import base64
import io

import numpy as np
import pytest
from PIL import Image

from efface.evidence.pictures import array_to_data_uri, images_to_gallery
from tests.tiny import tiny_images, tiny_mae


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_keeps_every_pixel(channels):
    image = tiny_images(1, channels=channels)[0].numpy()
    assert np.array_equal(pixels(array_to_data_uri(image)), image.transpose(1, 2, 0).squeeze())


def test_a_large_picture_is_shrunk_for_the_page():
    image = np.zeros((3, 512, 384), np.uint8)
    assert pixels(array_to_data_uri(image)).shape == (256, 192, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_hidden_pixels_are_removed_from_the_masked_picture_not_only_covered(channels):
    images = tiny_images(2, channels=channels).numpy().clip(1)
    model = tiny_mae(num_channels=channels)
    gallery = images_to_gallery(
        images,
        before=model,
        after=model,
        mask="centre:2x2",
        seed=0,
        set_name="holdout",
        title="holdout",
        meaning="",
    )
    original, masked, before, after = (strip.pictures for strip in gallery.strips)
    shown = pixels(masked[0])
    assert not shown[4:12, 4:12].any()
    assert (shown[:4, :, -1] == 255).all()
    assert np.array_equal(pixels(original[1])[:4], pixels(before[1])[:4])
    assert before == after
