import numpy as np
import pytest
import torch

from efface.metrics.kid import kernel_sums, sums_to_kid, within_sums
from tests.metrics.whole_kid import features_to_kid


def cloud(n, seed, d=16, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (n, d)).astype(np.float32)


def by_hand(real, made):
    kernel = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    n = len(real)
    within = [
        kernel(s[i], s[j]) for s in (real, made) for i in range(n) for j in range(n) if i != j
    ]
    cross = [kernel(a, b) for a in real for b in made]
    return sum(within) / (n * (n - 1)) - 2 * sum(cross) / n**2


def test_two_samples_give_the_closed_form():
    real, made = np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])
    within = (1 * 2 + 1) ** 3 + (0 + 1) ** 3
    cross = (0 + 1) ** 3 + (3 + 1) ** 3 + (0 + 1) ** 3 + (6 + 1) ** 3
    assert features_to_kid(real, made) == pytest.approx(within - cross / 2)


def test_agrees_with_torchmetrics():
    from torchmetrics.image.kid import maximum_mean_discrepancy, poly_kernel

    real, made = (torch.from_numpy(cloud(200, seed, shift=seed / 9)).double() for seed in (1, 2))
    kernels = poly_kernel(real, real), poly_kernel(real, made), poly_kernel(made, made)
    reference = float(maximum_mean_discrepancy(*kernels))
    assert features_to_kid(real.numpy(), made.numpy()) == pytest.approx(reference, rel=1e-6)


def test_does_not_depend_on_the_block_size(monkeypatch):
    real, made = cloud(100, 1), cloud(100, 2)
    whole = features_to_kid(real, made)
    monkeypatch.setattr("efface.metrics.kid.BLOCK", 7)
    assert features_to_kid(real, made) == pytest.approx(whole, rel=1e-9)


def test_is_unbiased_where_fid_is_not():
    values = [features_to_kid(cloud(50, seed), cloud(50, seed + 1000)) for seed in range(200)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error


def test_leaving_a_group_out_equals_computing_without_it():
    real, made, group = cloud(30, 1), cloud(30, 2, shift=0.3), np.repeat([0, 1, 2], 10)
    within = within_sums(real, group, 3) + within_sums(made, group, 3)
    cross = kernel_sums(real, made, group, group, 3)
    values = sums_to_kid(within, cross, np.array([10, 10, 10]))
    assert values[0] == pytest.approx(by_hand(real, made), rel=1e-5)
    assert values[2] == pytest.approx(by_hand(real[group != 1], made[group != 1]), rel=1e-5)


def test_one_sample_is_nan():
    assert np.isnan(features_to_kid(cloud(1, 1), cloud(1, 2)))
