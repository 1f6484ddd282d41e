import numpy as np
import pytest
from scipy.stats import binomtest

from efface.audit.roc import auc, share_with_interval, tpr_at_one_percent, with_interval


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


OTHERS = np.arange(200.0)
ALONE = [str(number) for number in range(200)]


@pytest.mark.parametrize(
    ("names", "counted"),
    [
        pytest.param([str(number % 8) for number in range(80)], 8, id="subjects"),
        pytest.param(["only"] * 80, 80, id="images of one subject"),
    ],
)
@pytest.mark.parametrize("share", [0, 1])
def test_none_or_all_found_have_the_interval_of_clopper_and_pearson(names, counted, share):
    found = share_with_interval(np.full(80, 1e3 * share), OTHERS, names, ALONE, seed=0)
    expected = binomtest(share * counted, counted).proportion_ci(0.95, method="exact")
    assert (found.value, found.low, found.high) == pytest.approx(
        (share, expected.low, expected.high)
    )


def test_finding_one_image_does_not_lower_the_upper_end_for_none():
    names = [str(number % 8) for number in range(80)]
    scores = np.zeros(80)
    none = share_with_interval(scores, OTHERS, names, ALONE, seed=0)
    scores[5] = 1e3
    one = share_with_interval(scores, OTHERS, names, ALONE, seed=0)
    assert none.value < one.value
    assert none.high <= one.high


def test_a_share_that_varies_widely_keeps_its_bootstrap():
    random = np.random.default_rng(0)
    scores, names = random.choice([0, 1e3], 80), [str(number % 40) for number in range(80)]
    given = scores, OTHERS, names, ALONE
    assert share_with_interval(*given, seed=0) == with_interval(tpr_at_one_percent, *given, seed=0)


def test_a_rare_share_is_covered_by_its_interval_as_often_as_it_says():
    random = np.random.default_rng(0)
    names = [str(number // 5) for number in range(40)]
    covered = []
    for _ in range(60):
        found_of_8 = random.random(8) < 0.1  # each subject is found whole, or not at all
        scores = np.repeat(np.where(found_of_8, 1e3, 0.0), 5)
        found = share_with_interval(scores, OTHERS, names, ALONE, seed=0)
        covered.append(found.low <= 0.1 <= found.high)
    assert np.mean(covered) >= 0.95
