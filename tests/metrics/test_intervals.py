import numpy as np
import pytest
from scipy import stats

from efface.metrics.intervals import clustered_mean, group_subjects, jackknife


def test_images_that_are_each_their_own_cluster_give_the_ordinary_t_interval():
    values = np.random.default_rng(0).normal(size=30)
    found = clustered_mean(values, [str(number) for number in range(30)])
    low, high = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert found.degrees == pytest.approx(29)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_equal_clusters_give_the_t_interval_of_their_means():
    means = np.random.default_rng(0).normal(size=8)
    values, clusters = np.repeat(means, 5), np.repeat(list("abcdefgh"), 5)
    found = clustered_mean(values, clusters)
    assert found.standard_error == pytest.approx(stats.sem(means))
    assert found.degrees == pytest.approx(7)
    assert (found.n, found.clusters) == (40, 8)


def test_unequal_clusters_cost_degrees_of_freedom():
    clusters = ["large"] * 90 + [f"small-{number}" for number in range(9)]
    found = clustered_mean(np.random.default_rng(0).normal(size=99), clusters)
    assert 0 < found.degrees < 8


def test_correlated_images_are_covered_as_often_as_promised():
    random = np.random.default_rng(0)
    sizes = random.integers(5, 60, 12)
    clusters = np.repeat([str(number) for number in range(12)], sizes)
    covered = 0
    for _ in range(1000):
        values = np.repeat(random.normal(size=12), sizes) + random.normal(size=sizes.sum())
        found = clustered_mean(values, clusters)
        covered += found.low <= 0 <= found.high
    assert covered >= 920


def test_a_single_subject_is_judged_by_its_images():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    found = clustered_mean(values, ["one"] * 4)
    assert found.clusters == 4
    assert found.standard_error == pytest.approx(stats.sem(values))


def test_a_single_image_has_a_value_and_no_interval():
    found = clustered_mean(np.array([0.5]), ["one"])
    assert (found.value, found.standard_error, found.low) == (0.5, None, None)


@pytest.mark.parametrize("values", [[], [1.0, np.nan, 2.0]], ids=["nothing", "one nan"])
def test_what_cannot_be_computed_has_no_value(values):
    assert clustered_mean(np.array(values), [str(i) for i in range(len(values))]).value is None


def test_the_jackknife_of_a_mean_is_the_standard_error_of_the_mean():
    values = np.random.default_rng(0).normal(size=25)
    deleted = (values.sum() - values) / 24
    found = jackknife(values.mean(), deleted, np.ones(25, dtype=int), clusters=25)
    assert found.standard_error == pytest.approx(stats.sem(values))
    assert found.degrees == 24


def test_a_jackknife_on_a_sample_of_the_images_is_scaled_to_all_of_them():
    deleted, sizes = np.array([1.0, 1.2, 0.9]), np.array([10, 10, 10])
    sampled = jackknife(1.0, deleted, sizes, clusters=3)
    whole = jackknife(1.0, deleted, sizes, clusters=3, n=120)
    assert whole.standard_error == pytest.approx(sampled.standard_error / 2)


def test_one_group_gives_no_interval():
    assert jackknife(1.0, np.array([np.nan]), np.array([5]), clusters=1).standard_error is None


def test_groups_hold_whole_subjects_and_are_of_about_one_size():
    subjects = [f"s{number}" for number in range(60) for _ in range(1 + number % 9)]
    group = group_subjects(subjects)
    sizes = np.bincount(group)
    assert all(
        len({g for s, g in zip(subjects, group, strict=True) if s == name}) == 1
        for name in subjects
    )
    assert len(sizes) == 20
    assert sizes.max() - sizes.min() <= 5


def test_groups_do_not_depend_on_the_names_of_subjects():
    numbers = [number % 33 for number in range(200)]
    names = group_subjects([f"s{number}" for number in numbers])
    others = group_subjects([f"s{-7 * number}" for number in numbers])
    assert names.tolist() == others.tolist()
