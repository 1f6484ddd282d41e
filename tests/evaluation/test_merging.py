from dataclasses import asdict, replace

import numpy as np
import pytest

from efface.errors import InputError
from efface.evaluation.merging import merge_shards, merge_to_report
from efface.evaluation.reference_cache import ReferenceCache
from efface.evaluation.report import SIDES
from efface.evaluation.scoring import score_shard
from tests.tiny_evaluation import tiny_scorer, tiny_shard

MASKS = ["centre:2x2", "random:0.5"]
TICKETS = {
    "first": [f"subject-{number}" for number in range(4)],
    "second": ["subject-4", "subject-5"],
    "shared": ["subject-0"],
}


def score(rows, set_name="holdout", shard="a"):
    return score_shard(
        tiny_shard(rows, set_name, shard), tiny_scorer(), MASKS, ReferenceCache(None)
    )


def report_of(parts, **sizes):
    return merge_to_report(
        parts,
        sets={name: f"print-{name}" for name in sizes},
        sizes=sizes,
        tickets=TICKETS,
        hygiene=None,
        notes=[],
    )


NUMBERS = ("value", "standard_error", "degrees", "low", "high")


def names_of(report):
    return [{k: v for k, v in asdict(score).items() if k not in NUMBERS} for score in report.scores]


def numbers_of(report):
    numbers = [[getattr(score, name) for name in NUMBERS] for score in report.scores]
    return np.array(numbers, dtype=float)


@pytest.fixture(scope="module")
def forget():
    return score(list(range(60)), "forget")


@pytest.fixture(scope="module")
def report(forget):
    return report_of([forget], forget=60)


def test_scoring_shards_and_merging_is_scoring_once(report):
    order = np.random.default_rng(0).permutation(60).tolist()
    cuts = [order[:7], order[7:8], [], order[8:60]]
    parts = [score(rows, "forget", f"part-{i}") for i, rows in enumerate(cuts)]
    merged = report_of(parts, forget=60)
    assert names_of(merged) == names_of(report)
    assert numbers_of(merged) == pytest.approx(numbers_of(report), rel=1e-3, abs=1e-5)


def test_the_order_of_shards_does_not_matter():
    parts = [score(rows, shard=str(rows[0])) for rows in ([0, 1, 2], [3, 4, 5, 6], [7, 8])]
    forth, back = report_of(parts, holdout=9), report_of(parts[::-1], holdout=9)
    assert names_of(back) == names_of(forth)
    assert numbers_of(back) == pytest.approx(numbers_of(forth), rel=1e-9, abs=1e-12)


def test_the_names_of_subjects_change_no_number():
    """In a run they are hashes with a key that another workspace does not have."""
    plain = tiny_shard(list(range(60)))
    found = []
    for shuffle in (1, 5):  # the second gives the names another order
        subject = [f"subject-{10 + shuffle * row % 27}" for row in range(60)]
        part = score_shard(
            replace(plain, subject=subject), tiny_scorer(), MASKS, ReferenceCache(None)
        )
        found.append(numbers_of(report_of([part], holdout=60)))
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-12, nan_ok=True)


def test_every_metric_is_there_for_every_mask_region_and_side(report):
    found = {(s.metric, s.mask, s.region, s.side) for s in report.scores if not s.ticket}
    metrics = ("distance", "fid", "kid", "inception_score")
    wanted = [(m, k, r, s) for m in metrics for k in MASKS for r in ("hole", "full") for s in SIDES]
    assert found == set(wanted)


def test_forget_has_scores_for_each_ticket_and_each_of_its_subjects(report):
    found = report.find(metric="distance", mask="centre:2x2", region="hole", side="change")
    wanted = {("", "")} | {(t, s) for t, subjects in TICKETS.items() for s in ["", *subjects]}
    assert {(score.ticket, score.subject) for score in found} == wanted


def test_a_subject_of_two_tickets_counts_for_both(report):
    sizes = {
        (s.ticket, s.subject): s.n
        for s in report.find(metric="distance", mask="centre:2x2", region="hole", side="before")
    }
    assert sizes["first", ""] == 40
    assert sizes["shared", ""] == sizes["shared", "subject-0"] == sizes["first", "subject-0"] == 10


def test_other_sets_have_scores_for_all_images_together_alone():
    scores = report_of([score(list(range(30)))], holdout=30).scores
    assert {(score.ticket, score.subject) for score in scores} == {("", "")}


def test_the_change_is_after_minus_before(report):
    for change in report.find(side="change"):
        fields = {k: getattr(change, k) for k in ("metric", "mask", "region", "ticket", "subject")}
        before, after = (report.find(side=side, **fields)[0] for side in ("before", "after"))
        assert change.value == pytest.approx(after.value - before.value, abs=1e-9)
        assert (change.n, change.recipe) == (before.n, before.recipe)


def test_every_score_has_an_interval_and_a_recipe_that_is_spelled_out(report):
    for score in report.scores:
        assert score.low <= score.value <= score.high
        assert score.degrees <= score.clusters - 1
        recipe = report.recipes[score.recipe]
        assert (recipe["mask"], recipe["region"], recipe["seed"]) == (score.mask, score.region, 0)


def test_the_distance_and_fid_scores_name_their_own_extractors(report):
    names = {s.metric: report.recipes[s.recipe]["weights_sha256"] for s in report.scores}
    assert names == {
        "distance": "sha-tower",
        "fid": "sha-classifier",
        "kid": "sha-classifier",
        "inception_score": "sha-classifier",
    }


def test_a_feature_that_is_not_finite_gives_no_value(forget):
    key = next(iter(forget.distances))
    broken = forget.distances[key].copy()
    broken[0] = np.nan
    found = report_of([replace(forget, distances={**forget.distances, key: broken})], forget=60)
    score = found.find(
        metric="distance", mask=key.mask, region=key.region, side=key.side, ticket="", subject=""
    )[0]
    assert (score.value, score.standard_error, score.n) == (None, None, 60)


@pytest.mark.parametrize(
    "change",
    [{"before": "x"}, {"after": "x"}, {"seed": 9}, {"extractors": {}}],
    ids=["before", "after", "seed", "extractors"],
)
def test_different_recipes_do_not_merge(change):
    parts = [score([0, 1, 2]), replace(score([3, 4, 5], shard="b"), **change)]
    with pytest.raises(InputError, match=f"different recipes: {next(iter(change))}"):
        report_of(parts, holdout=6)


def test_shards_with_different_masks_do_not_merge():
    fewer = score_shard(tiny_shard([3, 4]), tiny_scorer(), MASKS[:1], ReferenceCache(None))
    with pytest.raises(InputError, match="different masks"):
        merge_shards([score([0, 1]), fewer])


def test_the_same_shard_twice_is_refused():
    with pytest.raises(InputError, match="twice"):
        report_of([score([0, 1, 2]), score([0, 1, 2])], holdout=6)


def test_a_missing_shard_is_refused():
    with pytest.raises(InputError, match="3 images were scored where 6"):
        report_of([score([0, 1, 2])], holdout=6)


def test_a_set_without_statistics_is_refused():
    with pytest.raises(InputError, match="no statistics of a set"):
        report_of([score([0, 1, 2])], holdout=3, retain=3)


def test_no_statistics_at_all_are_refused():
    with pytest.raises(InputError, match="run evaluate"):
        report_of([], holdout=3)
