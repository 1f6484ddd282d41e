import numpy as np
import pytest
import torch

from efface.evaluation.reference_cache import ReferenceCache, open_cache
from efface.evaluation.regions import as_eight_bit, make_hole, view_region
from efface.evaluation.scoring import score_shard
from efface.evaluation.statistics_file import Side
from tests.tiny_evaluation import tiny_scorer, tiny_shard

MASKS = ["centre:2x2", "outpaint:2x2"]
NOWHERE = ReferenceCache(None)


def by_hand(scorer, given, mask, region):
    """Distance before, straight from the definition."""
    hole = make_hole(mask, (4, 4), 16, 0)
    images = given.images_NCHW.float() / 255
    with torch.no_grad():
        made = as_eight_bit(scorer.before.paint(images, hole.hidden_N.expand(len(images), -1)))
        sides = [
            scorer.extractors["distance"].embed(view_region(i, region, hole))
            for i in (images, made)
        ]
    return 1 - (sides[0] * sides[1]).sum(dim=1).numpy()


@pytest.mark.parametrize("region", ["hole", "full"])
@pytest.mark.parametrize("mask", MASKS)
def test_a_distance_is_that_of_an_output_from_its_own_original(mask, region):
    scorer, given = tiny_scorer(), tiny_shard(list(range(20)))
    found = score_shard(given, scorer, MASKS, NOWHERE).distances[Side(mask, region, "before")]
    assert found == pytest.approx(by_hand(scorer, given, mask, region), abs=1e-4)


def test_does_not_depend_on_the_batch_size(monkeypatch):
    scorer, given = tiny_scorer(), tiny_shard(list(range(20)))
    whole = score_shard(given, scorer, MASKS, NOWHERE)
    monkeypatch.setattr("efface.evaluation.scoring.BATCH", 3)
    parts = score_shard(given, scorer, MASKS, NOWHERE)
    for side, moments in ((key, one.moments) for key, one in whole.features.items()):
        assert parts.features[side].moments.outer == pytest.approx(
            moments.outer, rel=1e-4, abs=1e-4
        )
    for key, values in whole.distances.items():
        assert parts.distances[key] == pytest.approx(values, abs=1e-5)


def test_the_same_model_again_changes_nothing():
    found = score_shard(tiny_shard([1, 2, 3]), tiny_scorer(after_seed=0), MASKS, NOWHERE)
    key = Side("centre:2x2", "hole", "before")
    assert found.distances[key].tolist() == found.distances[key._replace(side="after")].tolist()


def test_originals_have_no_class_sums_and_outputs_have_them_by_subject():
    found = score_shard(tiny_shard(list(range(12))), tiny_scorer(), MASKS, NOWHERE)
    assert found.features[Side("centre:2x2", "full", "real")].sums == {}
    sums = found.features[Side("centre:2x2", "full", "after")].sums
    assert {subject: one.n for subject, one in sums.items()} == {
        f"subject-{i}": 2 for i in range(6)
    }


def test_a_shard_without_images_to_score_gives_empty_statistics():
    found = score_shard(tiny_shard([]), tiny_scorer(), MASKS, NOWHERE)
    assert len(found.sample_id) == 0
    assert found.features[Side("centre:2x2", "hole", "real")].moments.n == 0


def test_a_second_model_is_scored_without_painting_with_the_first_again(tmp_path):
    given, cache = tiny_shard([1, 2, 3]), open_cache(tmp_path, "holdout", "print")
    first = score_shard(given, tiny_scorer(), MASKS, cache)
    scorer = tiny_scorer(after_seed=2)
    wanted = score_shard(given, scorer, MASKS, NOWHERE)
    del scorer.before.network.decoder  # painting with it now fails
    found = score_shard(given, scorer, MASKS, cache)
    after = Side("outpaint:2x2", "hole", "after")
    assert found.distances[after] == pytest.approx(wanted.distances[after], abs=1e-6)
    assert not np.allclose(found.distances[after], first.distances[after])


def test_other_images_other_seeds_and_other_models_do_not_meet_in_the_cache(tmp_path):
    cache = open_cache(tmp_path, "holdout", "print")
    score_shard(tiny_shard([1, 2, 3]), tiny_scorer(), ["random:0.5"], cache)
    found = score_shard(tiny_shard([4, 5, 6]), tiny_scorer(), ["random:0.5"], cache)
    wanted = score_shard(tiny_shard([4, 5, 6]), tiny_scorer(), ["random:0.5"], NOWHERE)
    key = Side("random:0.5", "hole", "before")
    assert found.distances[key] == pytest.approx(wanted.distances[key], abs=1e-6)
