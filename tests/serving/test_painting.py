import numpy as np
import pytest
import torch

from efface.errors import ConfigError, InputError
from efface.models.masks import draw_masks, parse_mask_policy
from efface.serving.painting import hidden_by_nan, paint_array
from tests.tiny import tiny_diffusion, tiny_images, tiny_latent, tiny_mae, tiny_vqgan


@pytest.fixture
def images() -> np.ndarray:
    return (tiny_images(5).float() / 255).numpy()


def test_images_without_holes_are_painted_where_the_mask_says(images):
    model = tiny_mae()
    model.eval()
    hidden = draw_masks(parse_mask_policy("centre:2x2"), model.grid, 1, 0).expand(5, -1)
    with torch.no_grad():
        wanted = model.paint(torch.from_numpy(images), hidden).numpy()
    np.testing.assert_array_equal(paint_array(model, images, "centre:2x2"), wanted)


def test_a_nan_hides_the_patch_it_is_in_and_no_other(images):
    images[0, 0, 5, 9] = np.nan
    hidden = hidden_by_nan(torch.from_numpy(images), (4, 4))
    assert hidden[0].nonzero().flatten().tolist() == [1 * 4 + 2]
    assert not hidden[1:].any()


@pytest.mark.parametrize("make", [tiny_mae, tiny_vqgan])
def test_holes_of_different_sizes_in_one_batch_are_painted_each_by_itself(make, images):
    model = make()
    model.eval()
    images[0, :, :4, :4] = np.nan
    images[1, :, :8, :8] = np.nan
    images[2, :, 4:8, 4:8] = np.nan
    together = paint_array(model, images, "centre:2x2")
    alone = np.concatenate([paint_array(model, images[i : i + 1], "centre:2x2") for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.isfinite(together).all()


def test_visible_pixels_come_back_as_they_were(images):
    images[0, :, :4, :4] = np.nan
    painted = paint_array(tiny_mae(), images[:1], "centre:2x2")
    np.testing.assert_array_equal(painted[:, :, 4:], images[:1, :, 4:])


def test_the_images_given_are_not_changed(images):
    images[0, :, :4, :4] = np.nan
    before = images.copy()
    paint_array(tiny_mae(), images, "centre:2x2")
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("shape", "factor", "message"),
    [
        ((5, 3, 16, 16), 1, r"takes \(N, 1, 16, 16\)"),
        ((16, 16), 1, r"takes \(N, 1, 16, 16\)"),
        ((0, 1, 16, 16), 1, "N > 0"),
        ((2, 1, 16, 16), 255, "divide 8-bit pixels by 255"),
        ((2, 1, 16, 16), -1, "takes 0 to 1"),
        ((2, 1, 16, 16), np.inf, "takes 0 to 1"),
    ],
    ids=["channels", "dimensions", "none", "bytes", "negative", "infinite"],
)
def test_wrong_shapes_and_ranges_are_explained(shape, factor, message):
    with pytest.raises(InputError, match=message):
        paint_array(tiny_mae(), np.full(shape, 0.9, np.float32) * factor, "centre:2x2")


def test_an_image_that_is_all_hole_is_refused(images):
    images[3] = np.nan
    with pytest.raises(InputError, match="image 3 has a NaN in every patch"):
        paint_array(tiny_mae(), images, "centre:2x2")


def test_an_unknown_mask_is_refused(images):
    with pytest.raises(ConfigError, match="unknown"):
        paint_array(tiny_mae(), images, "middle")


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_diffusion_models_paint_holes_of_different_sizes_each_by_itself(make):
    model = make().eval()
    images = (tiny_images(3, channels=model.channels).float() / 255).numpy()
    images[0, :, :4, :4] = np.nan
    images[1, :, :8, :8] = np.nan
    together = paint_array(model, images, "centre:2x2")
    alone = np.concatenate([paint_array(model, images[i : i + 1], "centre:2x2") for i in range(3)])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_array_equal(together[1, :, 8:], images[1, :, 8:])
    assert np.isfinite(together).all()
