import numpy as np
import pytest
import torch

from efface.metrics.inception_score import (
    merge_sums,
    probabilities_to_sums,
    sums_to_inception_score,
)


def probabilities(n=200, k=10, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(k, 0.3), n)


def test_sure_and_evenly_spread_classes_give_their_number():
    assert sums_to_inception_score(probabilities_to_sums(np.eye(10))) == pytest.approx(10)


def test_the_same_answer_for_every_image_gives_one():
    same = np.tile(probabilities(1), (50, 1))
    assert sums_to_inception_score(probabilities_to_sums(same)) == pytest.approx(1)


def test_agrees_with_torch_fidelity():
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.from_numpy(np.random.default_rng(3).normal(size=(200, 10)) * 3)
    reference = isc_features_to_metric(logits, splits=1, shuffle=False)
    ours = sums_to_inception_score(probabilities_to_sums(logits.softmax(dim=1).numpy()))
    assert ours == pytest.approx(reference["inception_score_mean"], rel=1e-6)


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_does_not_depend_on_the_batch_size(batch):
    p = probabilities()
    parts = merge_sums(probabilities_to_sums(p[i : i + batch]) for i in range(0, 200, batch))
    whole = sums_to_inception_score(probabilities_to_sums(p))
    assert sums_to_inception_score(parts) == pytest.approx(whole, rel=1e-12)


def test_nothing_and_nan_are_nan():
    nothing = probabilities_to_sums(np.empty((0, 3)))
    broken = probabilities_to_sums(np.full((4, 3), np.nan))
    assert np.isnan(sums_to_inception_score(nothing))
    assert np.isnan(sums_to_inception_score(broken))
