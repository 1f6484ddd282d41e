import numpy as np
import pytest

from efface.audit.detector import detector, separate
from efface.audit.roc import auc
from tests.audit.given import by_case, models, pictures, tiny_view

NAMES = [[f"{side}-{number % 10}" for number in range(200)] for side in ("a", "b")]


def test_features_of_one_distribution_are_not_told_apart():
    random = np.random.default_rng(0)
    scores = separate(*random.normal(size=(2, 200, 8)), *NAMES)
    assert auc(*scores) == pytest.approx(0.5, abs=0.08)


def test_features_that_lie_apart_are_told_apart():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 200, 8))
    first[:, 3] += 6
    assert auc(*separate(first, second, *NAMES)) > 0.99


def test_what_is_peculiar_to_a_subject_does_not_help():
    random = np.random.default_rng(0)
    marks = random.normal(0, 5, size=(2, 10, 30))
    noise = random.normal(size=(2, 200, 30))
    first, second = (np.repeat(m, 20, axis=0) + n for m, n in zip(marks, noise, strict=True))
    names = [[f"{side}-{number // 20}" for number in range(200)] for side in ("a", "b")]
    by_subject = auc(*separate(first, second, *names))
    by_image = auc(
        *separate(first, second, *[[str(i) + side for i in range(200)] for side in "ab"])
    )
    assert by_image > 0.99
    assert by_subject < 0.8


def test_outputs_for_images_of_one_distribution_are_not_told_apart():
    result = detector(*models(), pictures(60, 0), pictures(60, 1), tiny_view())
    found = by_case(result)
    assert found["after"].low < 0.5 < found["after"].high
    assert found["before"].n == 120


def test_a_side_of_one_image_is_not_told_by_what_saw_none_of_it():
    found = by_case(detector(*models(), pictures(1, 0), pictures(12, 1), tiny_view()))
    assert found["after"].value is None
    assert "1 forgotten" in found["after"].note
