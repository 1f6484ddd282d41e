import numpy as np
import pytest
import torch

from efface.metrics.distance import features_to_distance


@pytest.mark.parametrize(
    ("made", "distance"),
    [((2.0, 0.0), 0.0), ((0.0, 5.0), 1.0), ((-1.0, 0.0), 2.0), ((1.0, 1.0), 1 - 0.5**0.5)],
    ids=["parallel", "orthogonal", "opposite", "45 degrees"],
)
def test_angles_give_the_closed_form(made, distance):
    found = features_to_distance(np.array([[1.0, 0.0]]), np.array([made]))
    assert found[0] == pytest.approx(distance, abs=1e-15)


def test_agrees_with_torch():
    real, made = np.random.default_rng(0).normal(size=(2, 50, 8))
    reference = 1 - torch.cosine_similarity(torch.from_numpy(real), torch.from_numpy(made))
    assert features_to_distance(real, made) == pytest.approx(reference.numpy(), abs=1e-12)


def test_does_not_depend_on_the_batch_size():
    real, made = np.random.default_rng(0).normal(size=(2, 50, 8))
    rows = [features_to_distance(real[i : i + 1], made[i : i + 1])[0] for i in range(50)]
    assert features_to_distance(real, made).tolist() == rows


def test_a_feature_of_no_length_is_nan_and_not_near():
    assert np.isnan(features_to_distance(np.ones((1, 3)), np.zeros((1, 3)))[0])
