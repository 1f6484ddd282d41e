import numpy as np
import pytest

from efface.audit.embedding_probe import difference, embedding_probe, encoded
from tests.audit.given import by_case, four_sets, models, pictures, smooth, tiny_view

AFTER = ("after, decoder trained on retain", "after, decoder trained on these images")


def test_images_of_one_distribution_come_out_alike():
    found = by_case(embedding_probe(*models(), four_sets(40), tiny_view()))
    assert len(found) == 4
    for case in AFTER:
        assert found[case].low < 0 < found[case].high
        assert found[case].n == 80


def test_images_that_the_features_tell_more_about_come_out_better():
    sets = {"forget": smooth(40, 0), "control": pictures(40, 1), "retain": smooth(40, 2)}
    found = by_case(embedding_probe(*models(), sets, tiny_view()))
    assert all(found[case].low > 0 for case in AFTER)


def test_the_hidden_pixels_are_those_of_the_mask():
    model, given = models()[0], pictures(3)
    _, pixels = encoded(model, given, tiny_view())
    middle = given.images_NCHW[:, 0, 4:12, 4:12].flatten(1).numpy() / 255
    assert pixels == pytest.approx(middle)


def test_the_interval_of_a_difference_is_that_of_welch():
    from scipy.stats import ttest_ind

    random = np.random.default_rng(0)
    first, second = random.normal(1, 1, 12), random.normal(0, 3, 30)
    found = difference(first, second, [f"a{i}" for i in range(12)], [f"b{i}" for i in range(30)])
    expected = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
