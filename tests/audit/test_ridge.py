import numpy as np
import pytest

from efface.audit.ridge import fit_ridge


def test_a_linear_map_is_found():
    random = np.random.default_rng(0)
    features = random.normal(size=(80, 10))
    targets = features @ random.normal(size=(10, 3)) + 2
    unseen = random.normal(size=(5, 10))
    expected = unseen @ np.linalg.lstsq(features, targets - 2, rcond=None)[0] + 2
    assert fit_ridge(features, targets)(unseen) == pytest.approx(expected, abs=1e-2)


def test_noise_is_predicted_by_the_mean():
    random = np.random.default_rng(0)
    features, targets = random.normal(size=(60, 200)), random.normal(3, 1, size=(60, 4))
    predicted = fit_ridge(features, targets)(random.normal(size=(100, 200)))
    assert predicted == pytest.approx(np.tile(targets.mean(axis=0), (100, 1)), abs=0.6)


def test_features_that_are_all_alike_give_the_mean():
    targets = np.arange(8.0).reshape(4, 2)
    assert fit_ridge(np.ones((4, 3)), targets)(np.ones((1, 3))) == pytest.approx(
        np.array([[3.0, 4.0]])
    )
