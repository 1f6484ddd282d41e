import pytest
import torch

from efface.evaluation.regions import as_eight_bit, make_hole, view_region

IMAGES = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))


def test_full_is_the_whole_frame():
    assert torch.equal(view_region(IMAGES, "full", make_hole("centre:2x2", (4, 4), 16, 0)), IMAGES)


def test_the_hole_of_a_block_is_the_block_alone():
    hole = make_hole("centre:2x2", (4, 4), 16, 0)
    assert torch.equal(view_region(IMAGES, "hole", hole), IMAGES[..., 4:12, 4:12])


def test_visible_pixels_inside_the_box_are_grey():
    seen = view_region(IMAGES, "hole", make_hole("outpaint:2x2", (4, 4), 16, 0))
    assert seen.shape == IMAGES.shape
    assert (seen[..., 4:12, 4:12] == 0.5).all()
    assert torch.equal(seen[..., :4, :], IMAGES[..., :4, :])


def test_a_random_policy_stands_for_the_mask_of_its_seed():
    first, again, other = (make_hole("random:0.5", (4, 4), 16, seed).hidden_N for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("given", "level"), [(-0.2, 0), (0.5, 128), (1.7, 255), (0.1, 26)])
def test_outputs_have_the_levels_of_a_picture_file(given, level):
    assert as_eight_bit(torch.tensor(given)) * 255 == pytest.approx(level)
