import io

import numpy as np
import pytest
from PIL import Image

from efface.data.images import decode, to_array
from efface.data.near_duplicates import (
    THRESHOLD,
    best_match,
    images_to_thumbnails,
    to_unit_length,
)
from tests.data.pictures import encoded, picture


def stack(*images: Image.Image) -> np.ndarray:
    return np.stack([to_array(image, 64, 3) for image in images])


def correlation(one: Image.Image, other: Image.Image) -> float:
    first, second = images_to_thumbnails(stack(one, other))
    return float(first @ second)


def jpeg(image: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, "JPEG", quality=60)))


@pytest.mark.parametrize(
    "change",
    [
        jpeg,
        lambda image: image.resize((50, 50)),
        lambda image: image.point(lambda value: value * 0.8 + 10),
        lambda image: image.convert("L"),
    ],
    ids=["recompressed", "resized", "darker", "grey"],
)
def test_a_copy_of_a_picture_is_a_near_duplicate(change: object) -> None:
    original = picture(3, (64, 64))
    assert correlation(original, change(original)) >= THRESHOLD


def test_another_picture_is_not() -> None:
    assert correlation(picture(3, (64, 64)), picture(4, (64, 64))) < THRESHOLD


def test_thumbnails_have_mean_0_and_length_1() -> None:
    thumbnail = images_to_thumbnails(stack(picture(1)))[0]
    assert thumbnail.mean() == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(thumbnail) == pytest.approx(1, abs=1e-6)


def test_a_picture_of_one_colour_is_like_no_other() -> None:
    flat = Image.new("RGB", (64, 64), "red")
    assert correlation(flat, flat) == 0


def test_the_search_in_blocks_equals_the_whole_product() -> None:
    random = np.random.default_rng(0)
    candidates = to_unit_length(random.normal(size=(4500, 7)).astype(np.float32))
    targets = to_unit_length(random.normal(size=(2300, 7)).astype(np.float32))
    value, which = best_match(candidates, targets)
    product = candidates @ targets.T
    assert np.allclose(value, product.max(axis=1), atol=1e-6)
    assert np.allclose(product[np.arange(4500), which], value, atol=1e-6)


def test_grey_and_colour_pictures_compare() -> None:
    grey = decode(encoded(picture(1, mode="L")))
    both = [images_to_thumbnails(to_array(grey, 64, c)[None])[0] for c in (1, 3)]
    assert np.allclose(*both, atol=1e-3)
