import numpy as np
import pytest

from efface.training.stopping import Reading, is_enough, worst_lower_bound


def reading(rise, change):
    return Reading(worst_rise=rise, retain_fid_change=change)


@pytest.mark.parametrize(
    ("rise", "change", "enough"),
    [
        (0.2, 0.01, True),
        (0.11, 0.01, False),
        (0.2, 0.06, False),
        (float("nan"), 0.01, False),
        (0.2, float("nan"), False),
    ],
    ids=["both-pass", "rise-within-margin", "retain-damaged", "rise-nan", "fid-nan"],
)
def test_enough_needs_both_main_rules(rise, change, enough):
    assert is_enough(reading(rise, change), minimum_rise=0.1, relative=0.05) is enough


def test_one_subject_that_was_not_forgotten_decides():
    rise = np.concatenate([np.full(50, 0.4), np.zeros(5)])
    assert worst_lower_bound(rise, ["a"] * 50 + ["b"] * 5) == 0


def test_the_lower_bound_lies_below_the_mean_by_the_students_quantile():
    rise = np.array([0.1, 0.2, 0.3])
    expected = 0.2 - 2.919986 * 0.1 / 3**0.5
    assert worst_lower_bound(rise, ["a"] * 3) == pytest.approx(expected, rel=1e-5)


def test_a_subject_with_one_image_counts_with_that_image():
    assert worst_lower_bound(np.array([0.5, 0.3]), ["a", "b"]) == 0.3
