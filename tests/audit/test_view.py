import pytest
import torch

from efface.audit.view import View
from efface.evaluation.reference_cache import ReferenceCache
from efface.evaluation.scoring import score_shard
from efface.evaluation.statistics_file import Side
from tests.tiny_evaluation import tiny_scorer, tiny_shard


def test_distances_are_those_of_the_evaluation():
    scorer, shard = tiny_scorer(), tiny_shard(list(range(20)))
    scored = score_shard(shard, scorer, ["centre:2x2"], ReferenceCache(None))
    view = View(mask="centre:2x2", extractor=scorer.extractors["distance"], seed=0)
    for side, model in (("before", scorer.before), ("after", scorer.after)):
        expected = scored.distances[Side("centre:2x2", "hole", side)]
        assert view.distances(shard.images_NCHW, model) == pytest.approx(expected, abs=1e-9)


def test_float_images_are_seen_like_the_bytes_they_were():
    scorer, shard = tiny_scorer(), tiny_shard(list(range(4)))
    view = View(mask="centre:2x2", extractor=scorer.extractors["distance"], seed=0)
    images = shard.images_NCHW
    found = [view.distances(given, scorer.after) for given in (images, images.float() / 255)]
    assert found[0] == pytest.approx(found[1])
    assert images.dtype == torch.uint8
