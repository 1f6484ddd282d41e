import numpy as np
import pytest

from efface.evaluation.distribution_scores import (
    fid_estimates,
    inception_score_estimates,
    kid_estimates,
)
from efface.metrics.fid import moments_to_fid
from efface.metrics.gaussian import features_to_moments
from efface.metrics.inception_score import probabilities_to_sums
from efface.metrics.sketch import features_to_sketch


def sides(n=240, subjects=24, seed=0, shift=0.3):
    """Features of real images, good outputs and worse outputs; subjects differ from each other."""
    random = np.random.default_rng(seed)
    of = np.arange(n) % subjects
    real = random.normal(size=(subjects, 4))[of] + random.normal(size=(n, 4))
    before = real + 0.3 * random.normal(size=(n, 4))
    after = before + shift + 0.3 * random.normal(size=(n, 4))
    return {"real": real, "before": before, "after": after}, [f"s{number}" for number in of]


def statistics(features, subjects, capacity=5000):
    ids = [f"image-{number}" for number in range(len(subjects))]
    moments = {side: features_to_moments(rows) for side, rows in features.items()}
    sketches = {
        side: features_to_sketch(ids, subjects, rows, capacity) for side, rows in features.items()
    }
    return moments, sketches


def test_fid_is_that_of_the_moments_and_the_change_is_their_difference():
    features, subjects = sides()
    moments, sketches = statistics(features, subjects)
    before, after, change = fid_estimates(moments, sketches)
    assert before.value == pytest.approx(moments_to_fid(moments["real"], moments["before"]))
    assert change.value == pytest.approx(after.value - before.value)
    assert (change.n, change.clusters, change.degrees) == (240, 24, 19)


def test_the_change_is_surer_than_the_two_values_it_is_made_of():
    before, after, change = fid_estimates(*statistics(*sides(shift=0.0)))
    assert change.standard_error < before.standard_error + after.standard_error


@pytest.mark.parametrize("metric", ["fid", "kid"])
def test_the_standard_error_of_a_change_is_about_its_spread_over_repetitions(metric):
    changes, errors = [], []
    for seed in range(60):
        moments, sketches = statistics(*sides(seed=seed))
        found = fid_estimates(moments, sketches) if metric == "fid" else kid_estimates(sketches)
        changes.append(found[2].value)
        errors.append(found[2].standard_error)
    assert np.mean(errors) == pytest.approx(np.std(changes), rel=0.35)


def test_above_the_capacity_fid_uses_all_images_and_its_spread_is_scaled():
    features, subjects = sides()
    moments, sketches = statistics(features, subjects, capacity=60)
    full = fid_estimates(*statistics(features, subjects))
    found = fid_estimates(moments, sketches)
    assert [one.value for one in found] == pytest.approx([one.value for one in full])
    assert (found[2].n, kid_estimates(sketches)[2].n) == (240, 60)
    assert 0.3 < found[2].standard_error / full[2].standard_error < 3


def test_one_subject_has_values_and_no_interval():
    features, _ = sides(n=30)
    found = fid_estimates(*statistics(features, ["one"] * 30))
    assert [one.value is not None for one in found] == [True] * 3
    assert [one.low for one in found] == [None] * 3


def test_a_feature_that_is_not_finite_gives_no_value_where_it_counts():
    features, subjects = sides()
    features["after"][0, 0] = np.nan
    moments, sketches = statistics(features, subjects)
    assert [one.value is None for one in fid_estimates(moments, sketches)] == [False, True, True]
    assert [one.value is None for one in kid_estimates(sketches)] == [False, True, True]


def test_the_inception_score_has_an_interval_over_subjects():
    random = np.random.default_rng(0)
    sums = [
        {
            f"s{number}": probabilities_to_sums(random.dirichlet(np.full(5, a), 10))
            for number in range(30)
        }
        for a in (0.1, 1.0)
    ]
    subjects = np.repeat([f"s{number}" for number in range(30)], 10)
    before, after, change = inception_score_estimates(*sums, subjects)
    assert before.value > after.value > 1
    assert change.low < change.value < change.high < 0
    assert (change.n, change.clusters) == (300, 30)
