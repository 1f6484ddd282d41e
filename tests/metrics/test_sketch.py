import numpy as np

from efface.metrics.sketch import features_to_sketch, merge_sketches

IDS = [f"image-{number}" for number in range(100)]
SUBJECTS = [f"subject-{number % 7}" for number in range(100)]
FEATURES = np.arange(200, dtype=np.float32).reshape(100, 2)


def same(first, second):
    return (
        first.key.tolist() == second.key.tolist()
        and first.subject.tolist() == second.subject.tolist()
        and first.features.tolist() == second.features.tolist()
    )


def test_up_to_the_capacity_all_samples_are_kept():
    assert sorted(features_to_sketch(IDS, SUBJECTS, FEATURES).features[:, 0]) == list(
        range(0, 200, 2)
    )


def test_does_not_depend_on_the_order_of_samples():
    order = np.random.default_rng(0).permutation(100)
    shuffled = features_to_sketch(
        [IDS[i] for i in order], [SUBJECTS[i] for i in order], FEATURES[order], 30
    )
    assert same(shuffled, features_to_sketch(IDS, SUBJECTS, FEATURES, 30))


def test_does_not_depend_on_the_sharding():
    parts = [
        features_to_sketch(IDS[part], SUBJECTS[part], FEATURES[part], 30)
        for part in (slice(60, 100), slice(0, 1), slice(1, 60))
    ]
    assert same(merge_sketches(parts, 30), features_to_sketch(IDS, SUBJECTS, FEATURES, 30))


def test_keeps_the_same_samples_whatever_the_features_are():
    other = features_to_sketch(IDS, SUBJECTS, FEATURES * 3, 30)
    assert other.key.tolist() == features_to_sketch(IDS, SUBJECTS, FEATURES, 30).key.tolist()
