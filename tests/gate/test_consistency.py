"""What no evaluation writes is a contradiction; what one may write, however poor, is none."""

from dataclasses import replace

import numpy as np
import pytest

from efface.evaluation.recipe import recipe_key, score_recipe
from efface.evaluation.report import Report, Score, read_report, write_report
from efface.gate.consistency import contradictions
from efface.gate.decide import decide
from efface.gate.measurements import Measurements
from efface.gate.policy import ExtractorSpec
from efface.gate.recipes import recipe_problem
from efface.metrics.extractor_kinds import TRAITS, extractor_recipe, name_of
from efface.metrics.intervals import student
from tests.gate.evaluated import FORGET, HOLDOUT, asked, its_audit, merged, statistics
from tests.gate.reports import CLASSIFIER, SCORED, SHAPED, TOWER, renamed, swapped

GOOD = merged()


def found(report: Report, audit=None) -> list[str]:
    return contradictions(Measurements(report, asked(), audit))


def broken(row: int, side: str):
    """Forget with one distance that is not finite."""
    distances = {key: values.copy() for key, values in FORGET.distances.items()}
    for key, values in distances.items():
        if key.side == side:
            values[row] = np.nan
    return replace(FORGET, distances=distances)


def same_again(one):
    """After what it was before."""
    return replace(
        one,
        distances={k: one.distances[k._replace(side="before")] for k in one.distances},
        features={
            k: one.features[k if k.side == "real" else k._replace(side="before")]
            for k in one.features
        },
    )


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(lambda: GOOD, id="a good one"),
        pytest.param(lambda: merged(same_again(FORGET), same_again(HOLDOUT)), id="nothing moved"),
        pytest.param(lambda: merged(broken(0, "after")), id="a distance after is not finite"),
        pytest.param(lambda: merged(broken(14, "before")), id="one before is not finite"),
        pytest.param(
            lambda: merged(statistics("forget", ["bag-1"] * 5, 0.3)), id="a subject has no image"
        ),
        pytest.param(
            lambda: merged(statistics("forget", ["bag-0", "bag-1", "bag-2"], 0.3)),
            id="subjects of one image",
        ),
        pytest.param(lambda: merged(statistics("forget", ["bag-1"], 0.3)), id="one image"),
        pytest.param(
            lambda: merged(statistics("forget", ["bag-0"] * 4 + ["bag-9"] * 3, 0.3)),
            id="images of a subject that no ticket lists",
        ),
        pytest.param(
            lambda: merged(holdout=statistics("holdout", ["kept"] * 8, 0.0)), id="one subject kept"
        ),
        pytest.param(
            lambda: merged(holdout=statistics("holdout", ["a", "b"], 0.0)), id="two images kept"
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_what_an_evaluation_writes_never_contradicts_itself(report, tmp_path):
    write_report(tmp_path / "report.json", report())
    assert found(read_report(tmp_path / "report.json"), its_audit(report())) == []


def moved(score: Score, **changes: float) -> Score:
    """The score with other numbers, and an interval that fits them."""
    numbers = {name: getattr(score, name) for name in ("value", "standard_error", "degrees")}
    made = student(**{**numbers, **changes}, n=score.n, clusters=score.clusters)
    return replace(score, **vars(made))


def one(**wanted: str) -> Score:
    (score,) = GOOD.find(
        **{"metric": "distance", "set": "forget", "region": "full", "subject": "", **wanted}
    )
    return score


@pytest.mark.parametrize("ticket", ["", "brand", "person"])
@pytest.mark.parametrize(
    ("field", "change"),
    [("standard_error", lambda e: e * 1.01), ("degrees", lambda d: d * 0.9)],
    ids=["standard_error", "degrees"],
)
def test_a_spread_that_the_subjects_do_not_have_is_one_although_its_interval_fits(
    ticket, field, change
):
    report = GOOD
    for side in ("before", "after", "change"):
        score = one(ticket=ticket, side=side)
        report = swapped(report, score, moved(score, **{field: change(getattr(score, field))}))
    told = " ".join(found(report))
    assert f"has {field} " in told and "its subjects together" in told


def test_a_mean_that_is_not_that_of_its_subjects_is_one_although_the_change_fits():
    report = GOOD
    for side in ("after", "change"):
        score = one(ticket="brand", side=side)
        report = swapped(report, score, moved(score, value=score.value + 0.01))
    (after, change) = found(report)
    assert "'after' score of distance on forget" in after and "has value " in change


def test_a_ticket_of_fewer_images_than_its_subjects_have_is_one():
    report = GOOD
    for score in GOOD.find(ticket="brand", subject="", region="full"):
        report = swapped(report, score, replace(score, n=20))
    assert "has n 20, and its subjects 36" in found(report)[0]


@pytest.mark.parametrize("factor", [100, 0.01])
@pytest.mark.parametrize("side", ["before", "change"])
def test_an_error_too_far_from_the_other_two_is_one_although_its_interval_fits(side, factor):
    (score,) = GOOD.find(metric="kid", set="holdout", region="full", side=side)
    wide = moved(score, standard_error=score.standard_error * factor)
    if side == "before" and factor < 1:  # the error after is then all that is left of the change's
        wide = moved(score, standard_error=0.0)
    assert "contradict each other: with standard_error " in found(swapped(GOOD, score, wide))[0]


@pytest.mark.parametrize(
    ("metric", "degrees", "why"),
    [
        ("fid", 24.0, "has degrees 24.0 where 25 clusters give 19"),
        ("kid", 24.0, "has degrees 24.0 where 25 clusters give 19"),
        ("inception_score", 18.0, "has degrees 18.0 where 25 clusters give 19"),
        ("distance", 24.5, "with 24.5 degrees of freedom at 25 clusters"),
    ],
)
def test_degrees_that_so_many_groups_cannot_have_are_one_although_the_interval_fits(
    metric, degrees, why
):
    report = GOOD
    for score in GOOD.find(metric=metric, set="holdout", region="full"):
        report = swapped(report, score, moved(score, degrees=degrees))
    assert why in found(report)[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("levels", 255),
        ("grey", 0.4),
        ("covariance", "n"),
        ("kid", "degree 2"),
        ("inception_score", "ten splits"),
        ("kind", "clip-vision"),
        ("is_clip", True),
        ("is_clip", 0),
        ("resize", "bicubic-antialias-32"),
        ("resize", "bilinear-antialias-0"),
        ("resize", None),
        ("dimension", 0),
        ("dimension", 4.0),
        ("seed", 8),
        ("weights_sha256", "9" * 64),
        ("configuration_sha256", "9" * 64),
        ("configuration_sha256", ""),
    ],
)
def test_a_recipe_of_another_policy_or_evaluator_is_one_although_it_is_named_anew(field, value):
    told = found(renamed(GOOD, **{field: value}))
    assert f"have a recipe with {field} {value!r} " in told[0].replace(",", " ")


def test_recipes_of_the_same_weights_that_disagree_are_one_although_they_are_named_anew():
    (key, recipe), *_ = GOOD.recipes.items()
    other = {**recipe, "dimension": 3}
    recipes = {recipe_key(other) if k == key else k: v for k, v in GOOD.recipes.items()}
    recipes[recipe_key(other)] = other
    scores = [replace(s, recipe=recipe_key(other)) if s.recipe == key else s for s in GOOD.scores]
    (told,) = found(replace(GOOD, recipes=recipes, scores=scores))
    assert "has dimension" in told and "another of the same weights" in told


URIS = {
    "inception": "inception:/models/weights.pth",
    "open-clip": "open-clip:ViT-H-14:s3://bucket/model.safetensors",
}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("inception", "name", "inception-v4"),
        ("inception", "dimension", 64),
        ("inception", "resize", "bilinear-tensorflow1-300"),
        ("open-clip", "name", "open-clip-RN50"),
        ("open-clip", "is_clip", False),
    ],
)
def test_what_a_kind_fixes_is_asked_for(kind, field, value):
    traits = TRAITS[kind]
    shape = {"dimension": traits.dimension or 1024, "size": traits.size or 224}
    extractor = extractor_recipe(kind, name=name_of(URIS[kind]), weights_sha256=TOWER, **shape)
    recipe = score_recipe(extractor, SCORED, "hole", 7)
    spec = ExtractorSpec(uri=URIS[kind], sha256=TOWER)
    wanted = replace(asked(), extractors={"distance": spec})
    view = {"metric": "distance", "mask": SCORED, "region": "hole"}
    assert recipe_problem(recipe, wanted, **view) is None
    assert field in recipe_problem({**recipe, field: value}, wanted, **view)


def test_one_extractor_may_serve_both_purposes():
    """Then one recipe is that of distances and of FIDs."""
    shared = {role: FORGET.extractors["distance"] for role in ("distance", "fid")}
    report = merged(replace(FORGET, extractors=shared), replace(HOLDOUT, extractors=shared))
    spec = ExtractorSpec(uri="small-cnn:tower", sha256=TOWER, **SHAPED)
    policy = replace(asked(), extractors={"distance": spec, "fid": spec})
    assert contradictions(Measurements(report, policy)) == []
    assert CLASSIFIER not in str(report.recipes)


def test_scores_of_a_set_that_the_report_does_not_name_are_one():
    told = found(replace(GOOD, sets={"forget": GOOD.sets["forget"]}))
    assert told == ["The report has scores of holdout, which is none of its sets."]


@pytest.mark.parametrize("field", ["before", "after", "sets"])
def test_an_audit_of_another_run_blocks_although_no_rule_looks_at_it(field):
    audit = replace(its_audit(GOOD), **{field: {"before": "", "after": "", "sets": {}}[field]})
    (reason,) = decide(GOOD, asked(), "", audit).reasons
    assert reason.startswith(f"report: The audit is not about the report's {field}")


def test_what_a_rule_has_blocked_for_is_told_once_and_a_long_list_is_cut():
    whole = decide(renamed(GOOD, grey=0.4), asked(), "")
    rules = [reason for reason in whole.reasons if not reason.startswith("report: ")]
    rest = [reason for reason in whole.reasons if reason.startswith("report: ")]
    assert len(rules) == 8 and len(rest) == 6
    assert rest[-1] == "report: More contradictions: 15."
    assert not {r.partition(": ")[2] for r in rules} & {r.partition(": ")[2] for r in rest}


def test_a_contradiction_blocks_although_its_rule_only_reports():
    rules = {**asked().rules, "retain-distance": {"margin": 0.5, "report_only": True}}
    score = next(s for s in GOOD.find(metric="distance", set="holdout", region="hole"))
    edited = swapped(GOOD, score, replace(score, low=score.low - 1))
    (reason,) = decide(edited, asked(rules), "").reasons
    assert reason.startswith("report: The 'before' score of distance on holdout")


def test_a_report_that_cannot_be_checked_blocks():
    edited = replace(GOOD, recipes=[])
    assert any("cannot be checked" in reason for reason in decide(edited, asked(), "").reasons)
