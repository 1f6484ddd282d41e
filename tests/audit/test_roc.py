import numpy as np
import pytest

from efface.audit.roc import auc, tpr_at_one_percent, with_interval


@pytest.mark.parametrize(
    ("members", "others", "expected"),
    [
        pytest.param([3.0, 4.0], [1.0, 2.0], 1.0, id="apart"),
        pytest.param([1.0, 2.0], [3.0, 4.0], 0.0, id="the wrong way round"),
        pytest.param([1.0, 1.0], [1.0, 1.0, 1.0], 0.5, id="all alike"),
        pytest.param([1.0, 3.0], [2.0, 0.0], 0.75, id="three pairs of four"),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(members, others, expected):
    assert auc(np.array(members), np.array(others)) == expected


def test_auc_of_two_normal_distributions_is_the_closed_form():
    random = np.random.default_rng(0)
    found = auc(random.normal(1, 1, 20_000), random.normal(0, 1, 20_000))
    assert found == pytest.approx(0.7602, abs=0.01)  # Phi(1 / sqrt 2)


def test_tpr_lets_one_of_a_hundred_others_pass():
    others = np.arange(100.0)
    assert tpr_at_one_percent(np.array([98.5, 97.0, 200.0, 98.0]), others) == 0.5


def test_the_interval_holds_the_truth_and_is_wider_for_alike_images():
    random = np.random.default_rng(1)
    alone = [str(number) for number in range(200)]
    shifts = np.repeat(random.normal(0, 1, 20), 10)
    members, others = shifts + random.normal(0, 0.3, 200), random.normal(0, 1, 200)
    grouped = np.repeat(np.arange(20), 10).astype(str).tolist()
    apart = with_interval(auc, members, others, alone, alone, seed=0)
    together = with_interval(auc, members, others, grouped, alone, seed=0)
    assert together.low < 0.5 < together.high
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert (apart.value, apart.n, apart.clusters) == (together.value, 400, 400)


def test_the_interval_is_the_same_for_the_same_seed():
    values = np.random.default_rng(2).normal(size=(2, 50))
    names = [str(number) for number in range(50)]
    runs = [with_interval(auc, *values, names, names, seed=seed) for seed in (3, 3, 4)]
    assert runs[0] == runs[1]
    assert runs[0].low != runs[2].low


def test_a_score_that_is_not_finite_leaves_no_value():
    found = with_interval(auc, np.array([np.nan, 1.0]), np.ones(2), ["a", "b"], ["c", "d"], 0)
    assert (found.value, found.low, found.n) == (None, None, 4)
