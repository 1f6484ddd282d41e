"""What must block, one case each. A gate that never blocked is decoration.

The report they start from passes every rule, so each case shows that its one fault is enough.
"""

from dataclasses import replace

import numpy as np
import pytest

from efface.gate.decide import decide
from efface.gate.intervals import Estimate, lower_bound
from efface.gate.rules import MAIN_RULES
from tests.gate.reports import (
    HELD_OUT,
    MAIN,
    RULES,
    SCORED,
    changes,
    distances,
    fid,
    good_others,
    good_report,
    kept,
    key_of,
    one,
    policy,
    report_of,
    swapped,
    with_settings,
)

SHA = "d" * 64


def reasons(report, asked=None):
    """Why a report is blocked; none when it passed."""
    verdict = decide(report, asked or policy(), SHA)
    assert verdict.passed == (not verdict.reasons)
    return verdict.reasons


def without(report, **fields):
    """The report less the scores with these fields."""
    gone = {id(score) for score in report.find(**fields)}
    assert gone
    return replace(report, scores=[s for s in report.scores if id(s) not in gone])


def test_the_good_report_passes_every_rule():
    verdict = decide(good_report(), policy(), SHA)
    assert verdict.passed, verdict.reasons
    assert [check.rule for check in verdict.checks] == list(RULES)


# -- on forget -------------------------------------------------------------------------------------


def test_the_original_model_is_blocked_because_nothing_was_forgotten():
    same = {key: np.zeros_like(values) for key, values in changes(0.3).items()}
    found = reasons(report_of(same, good_others()))
    assert all(reason.startswith("forget-distance-rises: ") for reason in found)
    assert "not shown for 8 of 8 subjects" in found[-1]


def test_one_subject_that_was_not_forgotten_among_a_hundred_blocks_though_the_mean_is_high():
    change = changes(0.3, subjects=100, images=30)
    bad = ("ticket-0", "subject-42")
    change[bad] = change[bad] - change[bad].mean()
    report = report_of(change, good_others())
    total = one(report, metric="distance", set="forget", mask=SCORED, side="change")
    whole = Estimate(value=total.value, standard_error=total.standard_error, degrees=total.degrees)
    assert lower_bound(whole, 0.95) > 0.28, "the mean of all must look innocent"
    (reason,) = reasons(report)
    assert "1 of 100 subjects" in reason
    assert "subject-42 of ticket ticket-0 (change " in reason


def test_one_ticket_that_was_not_forgotten_is_named():
    change = changes(0.3)
    for key in [key for key in change if key[0] == "ticket-1"]:
        change[key] = change[key] - 0.3
    found = " ".join(reasons(report_of(change, good_others())))
    assert "ticket ticket-1 went from" in found
    assert "ticket ticket-0 went from" not in found


def test_a_ticket_whose_subjects_disagree_wildly_is_not_rescued_by_its_mean():
    random = np.random.default_rng(4)
    means = [0.9, 0.01, 0.02, 0.01, 0.02, 0.01]
    change = {("t", f"s{i}"): random.normal(m, 0.01, 40) for i, m in enumerate(means)}
    found = " ".join(reasons(report_of(change, good_others())))
    assert "ticket t went from" in found
    assert "5 of 6 subjects" in found


def test_forgetting_only_the_trained_masks_is_blocked():
    report = report_of(changes(0.3), good_others(), held_out=changes(0.0))
    found = reasons(report)
    assert found and all(reason.startswith("held-out-masks: ") for reason in found)


# -- on retain -------------------------------------------------------------------------------------


def replaced(new, **fields):
    """The good report with some scores replaced by ``new``."""
    report = without(good_report(), **fields)
    return replace(report, scores=report.scores + new)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        pytest.param(16.5, "+5.0% allows", id="relative ceiling"),
        pytest.param(348.0, "the absolute ceiling is 40", id="noise for everything"),
    ],
)
def test_a_retain_fid_above_a_ceiling_is_blocked(after, words):
    found = reasons(replaced(fid(15.7, after), metric="fid"))
    assert all(reason.startswith("retain-fid: ") for reason in found)
    assert words in " ".join(found)


def test_a_model_that_was_bad_before_does_not_pass_by_staying_bad():
    (reason,) = reasons(replaced(fid(80.0, 80.1), metric="fid"))
    assert "the absolute ceiling is 40" in reason


def test_a_retain_fid_measured_too_roughly_is_blocked_although_its_estimate_is_fine():
    (reason,) = reasons(replaced(fid(15.7, 15.9, error=2.0), metric="fid"))
    assert "95% upper bound of the rise" in reason


@pytest.mark.parametrize(
    ("set_name", "rule"), [("holdout", "retain-distance"), ("neighbours", "neighbours-distance")]
)
def test_damage_to_what_stays_is_blocked(set_name, rule):
    damaged = kept(0.2, set_name=set_name, n=2000)
    (reason,) = reasons(replaced(damaged, metric="distance", set=set_name))
    assert reason.startswith(f"{rule}: ")
    assert "upper bound" in reason


# -- on form ---------------------------------------------------------------------------------------

MAIN_SCORES = [
    pytest.param({"metric": "distance", "set": "forget"}, id="forget distance"),
    pytest.param({"metric": "fid", "set": "holdout"}, id="retain FID"),
]


@pytest.mark.parametrize("score", MAIN_SCORES)
@pytest.mark.parametrize("side", ["before", "after", "change"])
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf"), "0.3", True])
def test_a_metric_that_is_not_a_finite_number_is_blocked(score, side, value):
    report = good_report()
    old = one(report, side=side, mask=SCORED, **score)
    found = reasons(swapped(report, old, replace(old, value=value)), policy(MAIN))
    assert "is not a finite number" in found[0]


@pytest.mark.parametrize("score", MAIN_SCORES)
@pytest.mark.parametrize("side", ["before", "after", "change"])
def test_an_absent_metric_is_blocked(score, side):
    report = good_report()
    old = one(report, side=side, mask=SCORED, **score)
    assert f"has no '{side}' score" in reasons(swapped(report, old), policy(MAIN))[0]


@pytest.mark.parametrize("score", MAIN_SCORES)
def test_two_scores_where_one_belongs_are_blocked(score):
    report = good_report()
    old = one(report, side="after", mask=SCORED, **score)
    assert "2 contradicting 'after' score" in reasons(swapped(report, old, old, old))[0]


@pytest.mark.parametrize("score", MAIN_SCORES)
@pytest.mark.parametrize("side", ["before", "after", "change"])
def test_unpaired_counts_are_blocked(score, side):
    report = good_report()
    old = one(report, side=side, mask=SCORED, **score)
    found = reasons(swapped(report, old, replace(old, n=old.n + 1)), policy(MAIN))
    assert "are not paired" in found[0]


@pytest.mark.parametrize("score", MAIN_SCORES)
def test_different_recipes_before_and_after_are_blocked(score):
    report = good_report()
    old = one(report, side="before", mask=SCORED, **score)
    other = key_of("distance", HELD_OUT)
    found = reasons(swapped(report, old, replace(old, recipe=other)), policy(MAIN))
    assert "different recipes" in found[0]


@pytest.mark.parametrize(
    "field", ["weights_sha256", "seed", "mask", "region"], ids="another {0}".format
)
def test_a_recipe_that_the_policy_does_not_ask_for_is_blocked(field):
    report = good_report()
    key = key_of("distance", SCORED)
    recipes = {**report.recipes, key: {**report.recipes[key], field: "another"}}
    found = reasons(replace(report, recipes=recipes), policy(MAIN))
    assert f"recipe with {field} 'another'" in found[0]


def test_a_recipe_that_is_not_spelled_out_is_blocked():
    found = reasons(good_report(recipes={}))
    assert "a recipe that the report does not spell out" in found[0]


def test_a_fid_of_too_few_images_is_blocked():
    (reason,) = reasons(replaced(fid(15.7, 15.7, n=499), metric="fid"), policy(MAIN))
    assert "rests on 499 images; at least 500 are needed" in reason


def test_a_fid_of_no_more_images_than_dimensions_is_blocked_whatever_the_policy_says():
    rules = {**MAIN, "retain-fid": {**MAIN["retain-fid"], "minimum_images": 2}}
    (reason,) = reasons(replaced(fid(15.7, 15.7, n=64), metric="fid"), policy(rules))
    assert "rests on 64 images; at least 65 are needed" in reason


@pytest.mark.parametrize("set_name", ["forget", "holdout", "neighbours"])
def test_a_set_with_too_few_images_is_blocked(set_name):
    asked = with_settings("sample-counts", minimum={set_name: 10_000})
    (reason,) = reasons(good_report(), asked)
    assert f"The {set_name} set has scores of" in reason


def test_a_subject_with_too_few_images_is_blocked():
    change = changes(0.3)
    change["ticket-0", "subject-0"] = np.array([0.3, 0.31, 0.29, 0.3])
    (reason,) = reasons(report_of(change, good_others()))
    assert "1 of 8 subjects" in reason
    assert "subject-0 (ticket ticket-0, n = 4)" in reason


def test_a_subject_of_a_single_image_is_blocked():
    change = changes(0.3)
    change["ticket-0", "subject-0"] = np.array([0.3])
    (reason,) = reasons(report_of(change, good_others()))
    assert "subject-0 (ticket ticket-0, n = 1)" in reason


def test_a_listed_subject_without_a_score_is_blocked():
    report = without(good_report(), subject="subject-3")
    found = reasons(report)
    assert "no 'before' score of distance" in found[0]
    assert "subject subject-3" in found[0]


def test_a_listed_ticket_without_a_score_is_blocked():
    report = good_report()
    tickets = {**report.tickets, "ticket-9": ["subject-90"]}
    found = " ".join(reasons(replace(report, tickets=tickets)))
    assert "ticket ticket-9." in found
    assert "ticket ticket-9, subject subject-90." in found


def test_a_scored_subject_that_no_ticket_lists_is_blocked():
    report = good_report()
    tickets = {**report.tickets, "ticket-0": report.tickets["ticket-0"][1:]}
    found = reasons(replace(report, tickets=tickets))
    assert "no ticket of the report lists: subject-0 (ticket ticket-0)" in found[0]


def test_a_report_without_tickets_is_blocked():
    assert "lists no ticket" in reasons(good_report(tickets={}))[0]


def test_a_ticket_without_subjects_is_blocked():
    tickets = {**good_report().tickets, "empty": []}
    assert "Ticket empty lists no subject." in reasons(good_report(tickets=tickets))[0]


def test_a_subject_that_a_ticket_lists_twice_is_blocked():
    report = good_report()
    tickets = {**report.tickets, "ticket-0": [*report.tickets["ticket-0"], "subject-0"]}
    assert "Ticket ticket-0 lists a subject twice." in reasons(replace(report, tickets=tickets))[0]


def test_a_change_that_is_not_after_minus_before_is_blocked_as_tampered():
    report = good_report()
    old = one(report, metric="fid", side="after")
    moved = {name: getattr(old, name) - 3.9 for name in ("value", "low", "high")}
    found = reasons(swapped(report, old, replace(old, **moved)))
    assert "contradict each other: 15.7 before, 12 after, change 0.2" in found[0]


def test_a_standard_error_that_its_interval_contradicts_is_blocked_as_tampered():
    report = good_report()
    old = one(report, metric="fid", side="change")
    found = reasons(swapped(report, old, replace(old, standard_error=0.001)))
    assert "contradicts itself: its low end is" in found[0]


def test_a_standard_error_of_zero_is_believed_only_of_no_change_at_all():
    found = reasons(replaced(fid(15.7, 15.9, error=0.0), metric="fid"))
    assert "claims to be exactly 0.2, with no spread at all" in found[0]


# -- on the policy ---------------------------------------------------------------------------------


def test_an_empty_policy_blocks_with_both_main_rules():
    found = reasons(good_report(), policy({}))
    assert [reason.split(":")[0] for reason in found] == list(MAIN_RULES)


@pytest.mark.parametrize("rule", MAIN_RULES)
def test_a_policy_without_a_main_rule_blocks(rule):
    (reason,) = reasons(good_report(), policy({k: v for k, v in RULES.items() if k != rule}))
    assert reason == f"{rule}: Rule {rule} is not in the policy, and it is always on."


def test_an_unknown_rule_blocks():
    (reason,) = reasons(good_report(), policy({**RULES, "looks-fine": {}}))
    assert "Rule looks-fine is unknown" in reason


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="missing"),
        pytest.param({"minimum_rise": float("nan")}, id="NaN"),
        pytest.param({"minimum_rise": -1.0}, id="negative"),
        pytest.param({"minimum_rise": 0.05, "report_only": True}, id="report only"),
        pytest.param(None, id="none"),
        pytest.param("off", id="a word"),
    ],
)
def test_a_main_rule_with_settings_that_ask_for_nothing_blocks(settings):
    (reason,) = reasons(good_report(), policy({**RULES, "forget-distance-rises": settings}))
    assert "The settings cannot be used" in reason


def test_an_extractor_that_the_policy_does_not_pin_blocks():
    found = reasons(good_report(), replace(policy(), extractors={}))
    assert "weights_sha256" in found[0]


# -- hygiene ---------------------------------------------------------------------------------------


def test_checkpoints_that_were_not_compared_are_blocked():
    (reason,) = reasons(good_report(hygiene=None))
    assert reason == "hygiene: The two checkpoints were not compared."


@pytest.mark.parametrize(
    "field",
    ["unexpected_keys", "missing_keys", "moved_outside_encoder", "not_finite", "changed_settings"],
)
def test_a_tensor_out_of_place_is_blocked_and_named(field):
    hygiene = replace(good_report().hygiene, **{field: ["teacher.encoder.weight"]})
    (reason,) = reasons(good_report(hygiene=hygiene))
    assert "teacher.encoder.weight" in reason


# -- must pass -------------------------------------------------------------------------------------


def test_the_original_model_saved_again_passes_every_rule_on_what_stays():
    nothing = np.zeros(600)
    people = [f"kept-{index % 50}" for index in range(600)]
    same = [
        *distances(nothing, people, set_name="holdout"),
        *distances(nothing, people, set_name="neighbours"),
        *fid(15.7, 15.7, error=0.0),
    ]
    unchanged = {key: np.zeros_like(values) for key, values in changes(0.3).items()}
    verdict = decide(report_of(unchanged, same, held_out=unchanged), policy(), SHA)
    failed = {check.rule for check in verdict.checks if not check.passed}
    assert failed == {"forget-distance-rises", "held-out-masks"}


def test_a_single_subject_can_be_forgotten():
    change = {("t", "s"): np.random.default_rng(0).normal(0.3, 0.08, 40)}
    assert reasons(report_of(change, good_others()), policy(MAIN)) == []


def test_two_subjects_that_were_forgotten_to_different_degrees_pass():
    random = np.random.default_rng(0)
    change = {("t", "a"): random.normal(0.2, 0.05, 40), ("t", "b"): random.normal(0.5, 0.05, 40)}
    assert reasons(report_of(change, good_others()), policy(MAIN)) == []


def test_the_words_of_a_demo_never_say_clip():
    verdict = decide(good_report(), policy(), SHA)
    text = " ".join(check.reason for check in verdict.checks)
    assert "CLIP" not in text
    assert "cosine distance (fashion-tower)" in text
    assert "FID (fashion-classifier)" in text
