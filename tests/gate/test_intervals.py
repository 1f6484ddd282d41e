import numpy as np
import pytest
from scipy import stats

from efface.gate.intervals import Estimate, holm, lower_bound, p_value_above, upper_bound

ESTIMATE = Estimate(value=0.3, standard_error=0.1, degrees=9)


def test_bounds_are_those_of_students_distribution():
    reach = 1.8331129326536335 * 0.1  # t(0.95, 9), from tables
    assert lower_bound(ESTIMATE, 0.95) == pytest.approx(0.3 - reach)
    assert upper_bound(ESTIMATE, 0.95) == pytest.approx(0.3 + reach)


def test_the_p_value_is_that_of_a_one_sided_t_test_on_the_images():
    values = np.random.default_rng(0).normal(0.3, 0.1, 12)
    estimate = Estimate(value=values.mean(), standard_error=stats.sem(values), degrees=11)
    expected = stats.ttest_1samp(values, 0.25, alternative="greater").pvalue
    assert p_value_above(estimate, 0.25) == pytest.approx(expected)


@pytest.mark.parametrize("threshold", np.linspace(-0.1, 0.6, 15))
def test_bound_and_p_value_agree_on_which_side_of_the_threshold_the_truth_lies(threshold):
    above = lower_bound(ESTIMATE, 0.95) > threshold
    assert above == (p_value_above(ESTIMATE, threshold) < 0.05)


@pytest.mark.parametrize(("value", "p"), [(0.31, 0.0), (0.3, 1.0), (0.29, 1.0)])
def test_without_any_spread_the_estimate_decides_and_a_tie_is_not_a_rise(value, p):
    assert p_value_above(Estimate(value=value, standard_error=0, degrees=9), 0.3) == p


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        ([], []),
        ([0.05], [True]),
        ([0.051], [False]),
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),  # Holm 1979, worked by hand
        ([0.0125, 0.0166, 0.025, 0.05], [True, True, True, True]),
        ([0.0126, 0.0, 0.0, 0.0], [True, True, True, True]),
        ([0.03, 0.03], [False, False]),
        ([0.2, 0.0], [False, True]),
        ([float("nan"), 0.0], [False, True]),
    ],
)
def test_holm_steps_down_from_the_smallest_p(p_values, rejected):
    assert holm(p_values, 0.05) == rejected


def test_when_holm_rejects_all_every_plain_test_does_too():
    random = np.random.default_rng(1)
    for p_values in random.random((2000, 3)) * 0.08:
        assert not all(holm(list(p_values), 0.05)) or max(p_values) <= 0.05
