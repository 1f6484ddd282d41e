import numpy as np
import pytest
import torch

from efface.metrics.fid import gaussians_to_fid, moments_to_fid
from efface.metrics.gaussian import Gaussian, features_to_moments, merge_moments


def cloud(n, d=8, seed=0, shift=0.0):
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, d)) @ random.normal(size=(d, d)) + shift).astype(np.float32)


def test_equal_covariance_gives_the_squared_distance_of_the_means():
    features = cloud(200)
    moved = features.astype(np.float64) + np.array([3.0, 4.0, 0, 0, 0, 0, 0, 0])
    fid = moments_to_fid(features_to_moments(features), features_to_moments(moved))
    assert fid == pytest.approx(25.0, rel=1e-9)


def test_commuting_covariances_give_the_difference_of_the_deviations():
    first = Gaussian(np.zeros(2), np.diag([4.0, 1.0]))
    second = Gaussian(np.zeros(2), np.diag([1.0, 9.0]))
    assert gaussians_to_fid(first, second) == pytest.approx((2 - 1) ** 2 + (1 - 3) ** 2)


def test_a_covariance_without_full_rank_needs_no_jitter():
    few = cloud(5, d=32)
    assert moments_to_fid(features_to_moments(few), features_to_moments(few)) < 1e-9 * 32**2


def test_agrees_with_torch_fidelity():
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    first, second = cloud(300, seed=1), cloud(280, seed=2, shift=0.5)
    statistics = [fid_features_to_statistics(torch.from_numpy(f)) for f in (first, second)]
    reference = fid_statistics_to_metric(*statistics, verbose=False)
    ours = moments_to_fid(features_to_moments(first), features_to_moments(second))
    assert ours == pytest.approx(reference["frechet_inception_distance"], rel=1e-6)


@pytest.mark.parametrize("batch", [1, 7, 300])
def test_does_not_depend_on_the_batch_size(batch):
    features, other = cloud(300, seed=1), features_to_moments(cloud(300, seed=2))
    parts = [features_to_moments(features[i : i + batch]) for i in range(0, 300, batch)]
    whole = moments_to_fid(features_to_moments(features), other)
    assert moments_to_fid(merge_moments(parts), other) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize(
    "features", [np.zeros((1, 4)), np.full((9, 4), np.nan)], ids=["one", "nan"]
)
def test_what_cannot_be_computed_is_nan(features):
    good = features_to_moments(np.eye(4))
    assert np.isnan(moments_to_fid(features_to_moments(features), good))
