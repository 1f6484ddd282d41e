import pytest
import torch

from efface.errors import ConfigError
from efface.models.masks import (
    check_masks,
    draw_mask,
    draw_masks,
    hole_box,
    parse_mask_policy,
    pixel_mask,
)


def drawn(text, grid=(8, 8), seed=0):
    return draw_mask(parse_mask_policy(text), grid, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("text", "count"),
    [("centre:4x4", 16), ("outpaint:4x4", 48), ("random:0.75", 48), ("centre:2x6", 12)],
)
def test_a_policy_hides_as_many_patches_as_it_says(text, count):
    assert int(drawn(text).sum()) == count


def test_centre_hides_the_middle_and_outpaint_everything_else():
    centre = drawn("centre:4x4").reshape(8, 8)
    assert centre[2:6, 2:6].all()
    assert torch.equal(drawn("outpaint:4x4").reshape(8, 8), ~centre)


def test_a_random_share_stays_in_its_range_and_differs_between_draws():
    masks = draw_masks(parse_mask_policy("random:0.25-0.5"), (8, 8), 20, seed=3)
    shares = masks.float().mean(dim=1)
    assert 0.25 <= float(shares.min()) < float(shares.max()) <= 0.5


def test_the_same_seed_draws_the_same_masks():
    policy = parse_mask_policy("random:0.6")
    assert torch.equal(draw_masks(policy, (8, 8), 4, 1), draw_masks(policy, (8, 8), 4, 1))


@pytest.mark.parametrize(
    "text",
    ["center:4x4", "centre:4", "random:1.5", "random:0.9-0.1", "random:..", "", "centre:0x4"],
)
def test_text_that_is_no_policy_is_refused(text):
    with pytest.raises(ConfigError, match="mask policy"):
        drawn(text)


@pytest.mark.parametrize("text", [f"centre:{'9' * 5000}x1", "outpaint:1x10000"])
def test_a_block_larger_than_any_grid_says_the_largest(text):
    with pytest.raises(ConfigError, match="rows and columns are 9999 at most") as error:
        parse_mask_policy(text)
    assert len(str(error.value)) < 300
    assert parse_mask_policy("centre:9999x1").rows == 9999


@pytest.mark.parametrize("text", ["centre:8x8", "outpaint:8x8", "centre:9x9"])
def test_a_mask_must_hide_something_and_leave_something(text):
    with pytest.raises(ConfigError, match="patch grid"):
        drawn(text)


def test_masks_that_a_grid_cannot_take_are_refused_by_the_setting_they_stand_in():
    given = {"masks.train": ["random:0.2-0.5", "centre:4x4"], "masks.score": ["outpaint:9x2"]}
    with pytest.raises(
        ConfigError, match=r"masks\.score: .* outpaint:9x2 does not fit a 8x8 patch"
    ):
        check_masks(given, (8, 8))
    check_masks(given, (9, 9))


@pytest.mark.parametrize(
    ("train", "held_out", "grid", "covered"),
    [
        ("random:0.5", "random:0.5001", None, False),
        ("random:0.5", "random:0.5001", (4, 4), True),
        ("random:0.5", "random:0.5001", (200, 200), False),
        ("random:0.5", "random:0.6", (4, 4), False),
        ("random:0.5", "random:0.6", (2, 2), True),
        ("random:0.2-0.3", "random:0.31-0.4", (4, 4), True),
        ("random:0.2-0.3", "random:0.31-0.4", (8, 8), False),
        ("random:0.01", "random:0.001", (4, 4), True),
        ("random:0.25", "centre:2x2", (4, 4), False),
        ("outpaint:2x2", "centre:2x2", (4, 4), False),
    ],
)
def test_random_masks_are_the_same_where_they_hide_as_many_patches(train, held_out, grid, covered):
    one, other = parse_mask_policy(held_out), parse_mask_policy(train)
    assert one.overlaps(other, grid) == other.overlaps(one, grid) == covered


def test_a_patch_mask_blows_up_to_pixels():
    hidden = drawn("centre:4x4")
    pixels = pixel_mask(hidden, (8, 8), (32, 32))
    assert pixels.shape == (1, 32, 32)
    assert pixels[0, 8:24, 8:24].all()
    assert int(pixels.sum()) == 16 * 16


def test_the_hole_box_is_the_smallest_box_around_the_hole():
    assert hole_box(drawn("centre:4x4"), (8, 8)) == (2, 2, 6, 6)
    assert hole_box(drawn("outpaint:4x4"), (8, 8)) == (0, 0, 8, 8)
