from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from efface.audit.embedding_probe import (
    cross_validated,
    difference,
    embedding_probe,
    encoded,
    fewest_left,
)
from efface.audit.folds import fold_by_subject
from efface.models.masks import pixel_mask
from tests.audit.given import by_case, four_sets, models, pictures, smooth, tiny_view
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan

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


MODELS = {
    "mae": tiny_mae,
    "vqgan": tiny_vqgan,
    "vqgan whose tokens see their neighbours": partial(tiny_vqgan, patchwise=False),
    "pixel diffusion": tiny_diffusion,
    "latent diffusion": tiny_latent,
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_no_feature_knows_a_hidden_pixel(make):
    model, view = make().eval(), tiny_view()
    given = pictures(3)
    images = given.images_NCHW.repeat(1, model.channels, 1, 1)
    images = torch.nn.functional.interpolate(images.float(), (model.image_size,) * 2).to(images)
    hole = pixel_mask(view.hidden_N(model)[None], model.grid, (model.image_size,) * 2)
    other, seen = images.clone(), images.clone()
    other[hole.expand_as(images)] = 255 - other[hole.expand_as(images)]
    seen[~hole.expand_as(images)] = 255 - seen[~hole.expand_as(images)]
    features, again, changed = (
        encoded(model, replace(given, images_NCHW=one), view)[0] for one in (images, other, seen)
    )
    assert (features == again).all()
    assert (features != changed).any()


def test_the_interval_of_a_difference_is_that_of_welch():
    from scipy.stats import ttest_ind

    random = np.random.default_rng(0)
    first, second = random.normal(1, 1, 12), random.normal(0, 3, 30)
    found = difference(first, second, [f"a{i}" for i in range(12)], [f"b{i}" for i in range(30)])
    expected = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_both_sides_train_on_equally_many_images_and_test_on_all(monkeypatch):
    seen = []

    def spy(features, pixels):
        seen.append(len(features))
        return lambda given: np.zeros((len(given), pixels.shape[1]))

    monkeypatch.setattr("efface.audit.embedding_probe.fit_ridge", spy)
    counts = (80, 40)
    sides = [(np.ones((n, 2), np.float32), np.ones((n, 3), np.float32)) for n in counts]
    folds = [fold_by_subject([f"{n}-{row % 10}" for row in range(n)])[0] for n in counts]
    errors = cross_validated(sides, folds, fewest_left(folds), seed=0)
    assert seen == [32] * 10
    assert [one.tolist() for one in errors] == [[1.0] * n for n in counts]


def test_the_larger_set_does_not_come_out_better_for_its_size():
    differences = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        weights = random.normal(size=(40, 4))
        sides, folds = [], []
        for count in (160, 50):
            features = random.normal(size=(count, 40)).astype(np.float32)
            pixels = features @ weights + random.normal(size=(count, 4))
            sides.append((features, pixels.astype(np.float32)))
            folds += fold_by_subject([f"{count}-{row % 10}" for row in range(count)])
        large, small = cross_validated(sides, folds, fewest_left(folds), seed)
        differences.append(small.mean() - large.mean())
    error = np.std(differences, ddof=1) / len(differences) ** 0.5
    assert abs(np.mean(differences)) < 3 * error


@pytest.mark.parametrize("small", ["forget", "control"])
def test_of_a_set_of_one_image_nothing_is_left_to_train_on(small):
    sets = {**four_sets(), small: pictures(1, 7)}
    found = by_case(embedding_probe(*models(), sets, tiny_view()))
    assert len(found) == 4
    assert found[AFTER[1]].value is None
    assert "each needs 2 images, one to train on" in found[AFTER[1]].note
    assert found[AFTER[1]].n == found[AFTER[0]].n == 13
    assert found[AFTER[0]].value is not None
