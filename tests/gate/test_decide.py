import json
from dataclasses import replace

import pytest

from efface.errors import InputError
from efface.gate.decide import blocked_verdict, decide
from efface.gate.rules import MAIN_RULES
from efface.gate.rules import RULES as KNOWN
from efface.gate.verdict import Check, read_verdict, write_verdict
from efface.gate.wording import display, named
from tests.gate.reports import (
    MAIN,
    RULES,
    changes,
    good_others,
    good_report,
    kept,
    policy,
    report_of,
    with_settings,
)

SHA = "d" * 64


def test_the_verdict_says_what_it_is_about():
    verdict = decide(good_report(), policy(), SHA)
    assert verdict.report_sha256 == SHA
    assert verdict.policy_sha256 == policy().sha256
    assert (verdict.before, verdict.after) == (good_report().before, good_report().after)


def test_the_same_report_and_policy_give_the_same_verdict():
    assert decide(good_report(), policy(), SHA) == decide(good_report(), policy(), SHA)


def test_the_order_of_scores_does_not_matter():
    report = good_report()
    turned = replace(report, scores=report.scores[::-1])
    assert decide(turned, policy(), SHA) == decide(report, policy(), SHA)


def test_every_check_explains_itself_in_full_sentences_with_numbers():
    for check in decide(good_report(), policy(), SHA).checks:
        assert check.passed and check.reason[0].isupper() and check.reason.endswith(".")


def test_the_reason_names_value_bound_threshold_extractor_and_count():
    damaged = kept(0.03, set_name="holdout", n=2000)
    report = good_report()
    others = [s for s in report.scores if (s.metric, s.set) != ("distance", "holdout")]
    verdict = decide(replace(report, scores=others + damaged), policy(), SHA)
    (reason,) = verdict.reasons
    assert reason == (
        "retain-distance: The cosine distance (fashion-tower) on holdout, mask centre:4x4, region "
        "hole went from 0.02015 to 0.05015: the change of 0.03 has a one-sided 95% upper bound of "
        "0.03084 (n = 2000), which must be below the margin 0.02."
    )


def test_a_kid_of_a_sample_of_the_set_does_not_count_as_too_few_images():
    report = good_report()
    few = [replace(s, metric="kid", n=100, clusters=50) for s in report.find(metric="fid")]
    assert decide(replace(report, scores=report.scores + few), policy(), SHA).passed


def test_a_rule_that_only_reports_is_told_but_does_not_block():
    damaged = kept(0.2, set_name="neighbours", n=300)
    report = good_report()
    others = [s for s in report.scores if s.set != "neighbours"] + damaged
    asked = with_settings("neighbours-distance", report_only=True)
    verdict = decide(replace(report, scores=others), asked, SHA)
    assert verdict.passed
    (told,) = [check for check in verdict.checks if not check.passed]
    assert (told.rule, told.outcome, told.blocks) == ("neighbours-distance", "reported", False)


def test_a_rule_that_only_reports_is_marked_so_where_it_held_too():
    verdict = decide(good_report(), with_settings("neighbours-distance", report_only=True), SHA)
    assert [c.rule for c in verdict.checks if not c.blocking] == ["neighbours-distance"]
    assert verdict.counted.endswith("checks passed; 1 more only reports")


@pytest.mark.parametrize("rule", KNOWN)
def test_every_rule_but_the_main_ones_can_be_told_to_report_only(rule):
    has = "report_only" in KNOWN[rule].settings.__dataclass_fields__
    assert has == (rule not in MAIN_RULES)


def test_rules_that_are_off_ask_for_nothing():
    report = good_report(hygiene=None)
    report = replace(report, scores=[s for s in report.scores if s.set != "neighbours"])
    assert decide(report, policy(MAIN), SHA).passed
    assert not decide(report, policy(RULES), SHA).passed


def test_pooled_small_subjects_pass_when_they_were_forgotten_and_block_when_not():
    rules = {**MAIN, "forget-distance-rises": {"minimum_rise": 0.05, "small_subjects": "pooled"}}
    change = changes(0.3)
    change["ticket-0", "small"] = change["ticket-0", "subject-0"][:1]
    assert decide(report_of(change, good_others()), policy(rules), SHA).passed
    change["ticket-0", "small"] = change["ticket-0", "small"] * 0
    verdict = decide(report_of(change, good_others()), policy(rules), SHA)
    assert "small of ticket ticket-0 (change 0, n = 1" in " ".join(verdict.reasons)


def test_small_subjects_alone_have_no_spread_to_borrow_and_block():
    rules = {**MAIN, "forget-distance-rises": {"minimum_rise": 0.05, "small_subjects": "pooled"}}
    change = {("t", f"s{i}"): changes(0.3)["ticket-0", "subject-0"][i : i + 1] for i in range(9)}
    verdict = decide(report_of(change, good_others()), policy(rules), SHA)
    assert "9 of 9 subjects" in " ".join(verdict.reasons)


def test_a_fid_can_be_judged_by_its_estimate_when_the_policy_says_so():
    report = good_report()
    none = {"standard_error": None, "degrees": None, "low": None, "high": None}
    rough = [replace(s, **none) if s.metric == "fid" else s for s in report.scores]
    report = replace(report, scores=rough)
    assert not decide(report, policy(), SHA).passed
    assert decide(report, with_settings("retain-fid", bound="estimate"), SHA).passed


def test_a_blocked_verdict_has_one_check_with_the_reason():
    verdict = blocked_verdict("The report is gone.", rule="report", after="2" * 64)
    assert not verdict.passed
    assert verdict.reasons == ["report: The report is gone."]
    assert verdict.checks == [Check(rule="report", passed=False, reason="The report is gone.")]


def test_a_verdict_reads_back_as_it_was_written(tmp_path):
    verdict = decide(good_report(), policy(), SHA)
    write_verdict(tmp_path / "verdict.json", verdict)
    assert read_verdict(tmp_path / "verdict.json") == verdict


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"extra": 1},
        {"checks": [{"rule": "x"}]},
        {"checks": None},
        {"passed": "maybe"},
        {"reasons": "fine"},
        {"before": None},
        {"checks": [{"rule": "x", "passed": 1, "reason": "Fine.", "blocking": True}]},
    ],
)
def test_a_verdict_of_another_form_is_refused(tmp_path, change):
    path = tmp_path / "verdict.json"
    write_verdict(path, decide(good_report(), policy(), SHA))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError):
        read_verdict(path)


@pytest.mark.parametrize(
    ("metric", "recipe", "label"),
    [
        ("distance", {"name": "fashion-tower"}, "cosine distance (fashion-tower)"),
        ("distance", {"name": "CLIP", "is_clip": "yes"}, "cosine distance (CLIP)"),
        ("distance", {"name": "ViT-H-14", "is_clip": True}, "CLIP distance (ViT-H-14)"),
        ("fid", {"name": "inception-v3"}, "FID (inception-v3)"),
        ("fid", {}, "FID (unnamed extractor)"),
    ],
)
def test_only_a_clip_tower_gives_a_clip_distance(metric, recipe, label):
    assert display(metric, recipe) == label


def test_long_lists_are_cut():
    assert named([str(i) for i in range(9)]) == "0, 1, 2, 3, 4 and 4 more"
