"""Rules about the audit: a good one passes, and whatever is missing, foreign or weak blocks."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from efface.audit.record import Audit, to_finding
from efface.audit.roc import highest_unseen
from efface.audit.settings import ATTACKS, AuditSettings
from efface.errors import ConfigError
from efface.gate.decide import decide
from efface.gate.measurements import Measurements
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.gate.rules import NEEDED_ATTACKS
from efface.gate.rules import RULES as RULES_KNOWN
from efface.gate.rules.audited import find_findings
from efface.gate.rules.embedding_probe import CASES as PROBED
from efface.gate.rules.membership import CASES as MEMBERSHIP
from efface.metrics.intervals import clustered_mean
from tests.audit.given import good_audit
from tests.gate.reports import RULES, SCORED, good_report, policy, recipe

SETTINGS = AuditSettings(attacks=list(ATTACKS))
AUDITED: dict[str, dict[str, Any]] = {
    "altered-queries": {"minimum_rise": 0.05},
    "relearning": {},
    "membership": {"maximum_auc": 0.6, "minimum_auc": 0.4},
    "detector": {"margin": 0.1},
    "embedding-probe": {"margin": 0.02},
    "encoder-swap": {"minimum_rise": 0.05},
}
REPORT = good_report()
AUC, TPR = MEMBERSHIP
ERRORS_N = np.random.default_rng(1).normal(0.03, 0.01, 160)


def asked(**rules: dict[str, Any]) -> Policy:
    settings = {**AUDITED, **{name.replace("_", "-"): given for name, given in rules.items()}}
    return replace(policy({**RULES, **settings}), audit=SETTINGS)


def audit(**fields: Any) -> Audit:
    good = good_audit(SETTINGS, recipe("distance", SCORED), sets=REPORT.sets)
    return replace(good, **fields)


def with_finding(attack: str, of: str, base: Audit | None = None, **changes: Any) -> Audit:
    """The good audit (or another) with fields of one finding changed."""
    found = base or audit()
    results = []
    for result in found.results:
        findings = [
            replace(f, **changes) if (result.attack, f.case) == (attack, of) else f
            for f in result.findings
        ]
        results.append(replace(result, findings=findings))
    return replace(found, results=results)


def reasons(given: Audit | None, wanted: Policy | None = None) -> list[str]:
    return decide(REPORT, wanted or asked(), "r", given, "a").reasons


def test_a_good_audit_passes_and_the_verdict_pins_it():
    verdict = decide(REPORT, asked(), "r", audit(), "a" * 64)
    assert verdict.passed, verdict.reasons
    assert verdict.audit_sha256 == "a" * 64
    assert AUDITED.keys() == NEEDED_ATTACKS.keys() <= {check.rule for check in verdict.checks}


def test_no_audit_blocks_every_rule_about_it():
    assert [reason.partition(":")[0] for reason in reasons(None)] == list(AUDITED)


def test_no_audit_is_no_matter_to_a_policy_without_these_rules():
    assert reasons(None, policy()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"before": "9" * 64},
        {"after": "9" * 64},
        {"sets": {}},
        {"settings": {}},
        {"results": []},
    ],
    ids=str,
)
def test_an_audit_of_something_else_blocks(fields):
    assert len(reasons(audit(**fields))) == len(AUDITED)


@pytest.mark.parametrize("key", recipe("distance", SCORED))
@pytest.mark.parametrize("value", ["other", None, 0])
def test_a_recipe_that_is_not_that_of_the_reports_own_distances_blocks(key, value):
    found = audit()
    foreign = [replace(r, recipe={**r.recipe, key: value}) for r in found.results]
    told = reasons(replace(found, results=foreign))
    assert all(f"recipe with {key} {value!r}" in reason for reason in told)
    # The probe looks at the model's own features: its recipe names no extractor, and no region.
    unasked = {"embedding-probe"} if key not in ("seed", "mask") else set()
    assert AUDITED.keys() - {reason.partition(":")[0] for reason in told} == unasked


@pytest.mark.parametrize("key", ["weights_sha256", "region"])
def test_a_report_without_distances_to_hold_a_recipe_against_asks_for_as_much(key):
    found = audit()
    foreign = [replace(r, recipe={**r.recipe, key: "other"}) for r in found.results]
    given = Measurements(replace(REPORT, scores=[]), asked(), replace(found, results=foreign))
    assert f"recipe with {key} 'other'" in find_findings(given, "mask-sweep", [])


def test_an_attack_of_another_seed_than_its_recipe_says_blocks():
    found = audit()
    assert len(reasons(replace(found, results=[replace(r, seed=8) for r in found.results]))) == 6


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"value": None}, "has no value", id="none"),
        pytest.param({"value": float("nan")}, "not a finite number", id="nan"),
        pytest.param({"standard_error": None}, "no standard error", id="no error"),
        pytest.param({"standard_error": 0.0}, "standard error 0", id="claims no spread"),
        pytest.param({"standard_error": 0.001}, "contradicts", id="edited"),
        pytest.param({"value": 0.06}, "contradicts", id="value edited"),
        pytest.param(
            {"value": 0.0, "standard_error": 0.0, "low": 0.0, "high": 0.0}, "lower bound", id="zero"
        ),
        pytest.param({"case": "other"}, "lacks outpaint:6x6", id="missing"),
    ],
)
def test_a_rise_that_is_not_shown_blocks(changes, why):
    (reason,) = reasons(with_finding("mask-sweep", "outpaint:6x6", **changes))
    assert reason.startswith("altered-queries: ")
    assert why in reason


def test_a_rise_below_the_minimum_names_the_query():
    found = reasons(audit(), asked(altered_queries={"minimum_rise": 0.5}))
    assert len(found) == len(SETTINGS.swept_queries([SCORED], ["outpaint:6x6"]))
    assert any("query jpeg:30" in reason for reason in found)


@pytest.mark.parametrize(
    ("case", "changes", "why"),
    [
        pytest.param("forget", {"value": 9.0}, "something of them was left", id="faster"),
        pytest.param("forget", {"value": 0.0}, "were not forgotten", id="original"),
        pytest.param("forget", {"value": None, "note": "wild"}, "no value (wild)", id="none"),
        pytest.param("control", {"value": None, "at_least": True}, "no value", id="diverged"),
        pytest.param("control", {"value": float("nan")}, "not numbers", id="nan"),
        pytest.param("forget", {"value": 61.0}, "not numbers", id="beyond the limit"),
        pytest.param("control", {"at_least": True}, "too weakly", id="too weak"),
        pytest.param("control", {"value": 0.0}, "says nothing", id="no step for control"),
        pytest.param("control", {"value": 2 / 3}, "says nothing", id="none in some repeats"),
        pytest.param("forget", {"clusters": 2}, "3 are needed", id="too few repeats"),
        pytest.param("control", {"case": "other"}, "lacks control", id="missing"),
    ],
)
def test_relearning_that_shows_too_little_blocks(case, changes, why):
    (reason,) = reasons(with_finding("relearning", case, **changes))
    assert reason.startswith("relearning: ")
    assert why in reason


def test_images_that_never_came_back_pass():
    assert reasons(with_finding("relearning", "forget", value=60.0, at_least=True)) == []


def test_images_that_never_came_back_show_nothing_where_control_needed_no_step():
    given = with_finding("relearning", "forget", value=60.0, at_least=True)
    (reason,) = reasons(with_finding("relearning", "control", given, value=0.0))
    assert "as close after 0 steps already" in reason


def test_a_higher_ratio_can_be_asked_for():
    (reason,) = reasons(audit(), asked(relearning={"minimum_ratio": 3.0}))
    assert "at least 3 times" in reason


SHARES = [
    pytest.param({"value": None, "note": "12 others"}, "no value .*12 others", id="no value"),
    pytest.param({"value": float("nan")}, "not a finite number", id="nan"),
    pytest.param({"high": float("inf")}, "not a finite number", id="no end"),
    pytest.param({"high": None}, "no value with an interval", id="no interval"),
    pytest.param({"low": 0.59, "high": 0.51}, "no such share", id="ends swapped"),
    pytest.param({"value": 1.2, "high": 1.3}, "no such share", id="above one"),
    pytest.param({"value": 0.5, "low": 0.5, "high": 0.5}, "shows nothing", id="all alike"),
    pytest.param({"n": 20}, "100 (images )?are needed", id="too few"),
]


@pytest.mark.parametrize(
    ("case", "changes", "why"),
    [
        *(pytest.param(AUC, *one.values, id=f"auc {one.id}") for one in SHARES),
        pytest.param(AUC, {"high": 0.61}, "upper end must be 0.6 or less", id="told"),
        pytest.param(AUC, {"low": 0.3}, "painted worse .* must be 0.4 or more", id="told by less"),
        pytest.param(AUC, {"case": "other"}, "lacks forget after, AUC", id="missing"),
        pytest.param(TPR, {"value": 0.0, "high": 0.0}, "shows nothing", id="no spread"),
        pytest.param(TPR, {"high": 0.2}, "upper end must be 0.1 or less", id="a few are told"),
        pytest.param(TPR, {"value": None, "note": "few"}, "no value .*few", id="no share"),
    ],
)
def test_membership_that_may_be_told_blocks(case, changes, why):
    (reason,) = reasons(with_finding("membership", case, **changes))
    assert reason.startswith("membership: ")
    assert re.search(why, reason)


def test_a_share_of_nothing_found_passes_if_its_upper_end_does():
    none = {"value": 0.0, "low": 0.0, "high": highest_unseen(40)}
    assert reasons(with_finding("membership", TPR, **none)) == []
    (reason,) = reasons(with_finding("membership", TPR, **{**none, "high": highest_unseen(8)}))
    assert "upper end must be 0.1 or less" in reason


def test_the_share_at_one_percent_need_not_be_asked_for():
    wanted = asked(membership={"maximum_auc": 0.6, "maximum_tpr": 1})
    assert reasons(with_finding("membership", TPR, case="other"), wanted) == []


@pytest.mark.parametrize(
    ("case", "changes", "why"),
    [
        *(pytest.param("after", *one.values, id=one.id) for one in SHARES),
        pytest.param(
            "before", {"value": None, "note": "x"}, "AUC before has no", id="no reference"
        ),
        pytest.param("after", {"high": 0.65}, "upper end must be below 0.65", id="betrayed"),
        pytest.param("before", {"value": 0.2, "low": 0.1, "high": 0.4}, "below 0.6", id="guessing"),
        pytest.param("after", {"case": "other"}, "lacks after", id="missing"),
    ],
)
def test_an_output_that_betrays_more_than_before_blocks(case, changes, why):
    (reason,) = reasons(with_finding("detector", case, **changes))
    assert reason.startswith("detector: ")
    assert re.search(why, reason)


@pytest.mark.parametrize("case", PROBED)
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"value": None, "note": "1 image"}, "no value (1 image)", id="none"),
        pytest.param({"standard_error": None}, "no standard error", id="no error"),
        pytest.param({"value": 0.05}, "contradicts", id="edited"),
        pytest.param(
            {"value": 0.0, "standard_error": 0.0, "low": 0.0, "high": 0.0}, "vary", id="all alike"
        ),
        pytest.param({"n": 20}, "100 are needed", id="too few"),
        pytest.param({"case": "other"}, "lacks", id="missing"),
    ],
)
def test_features_that_may_hold_more_block(case, changes, why):
    (reason,) = reasons(with_finding("embedding-probe", case, **changes))
    assert reason.startswith("embedding-probe: ")
    assert why in reason


def test_features_that_hold_more_block():
    found = to_finding("x", "squared error", clustered_mean(ERRORS_N, [str(n) for n in range(160)]))
    changes = {name: getattr(found, name) for name in ("value", "standard_error", "degrees")}
    changes |= {"low": found.low, "high": found.high, "clusters": found.clusters}
    (reason,) = reasons(with_finding("embedding-probe", PROBED[0], **changes))
    assert "may still hold forgotten images" in reason and "below 0.02" in reason


def test_an_encoder_that_brings_the_images_back_blocks():
    nothing = {"value": 0.0, "standard_error": 0.0, "low": 0.0, "high": 0.0}
    (reason,) = reasons(with_finding("encoder-swap", "original encoder", **nothing))
    assert reason.startswith("encoder-swap: Who has the original encoder has the images")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"value": None}, "has no value", id="none"),
        pytest.param({"degrees": None}, "no standard error", id="no error"),
        pytest.param({"case": "as served"}, "lacks original encoder", id="missing"),
    ],
)
def test_a_swap_that_shows_nothing_blocks(changes, why):
    (reason,) = reasons(with_finding("encoder-swap", "original encoder", **changes))
    assert reason.startswith("encoder-swap: ")
    assert why in reason


@pytest.mark.parametrize(
    ("rule", "settings", "why"),
    [
        ("membership", {"maximum_auc": 1.0}, "maximum_auc is 1.0: use a value above 0.5"),
        ("membership", {"maximum_auc": 0.6, "minimum_auc": 0.5}, "minimum_auc is 0.5: use 0"),
        ("membership", {"maximum_auc": 0.6, "maximum_tpr": 0.01}, "maximum_tpr is 0.01: use"),
        ("detector", {"margin": 0}, "margin is 0: use a value above 0"),
        ("detector", {"margin": 1e30}, r"margin is 1e\+30: use a value above 0, up to 0.5"),
        ("embedding-probe", {"margin": 1e30}, r"margin is 1e\+30: use a value above 0, up to 1"),
        ("altered-queries", {"minimum_rise": 1e30}, "use a value above 0 and below 2"),
        ("encoder-swap", {"minimum_rise": 2.0}, "use a value above 0 and below 2"),
        ("detector", {"margin": 0.1, "minimum_images": 1}, "minimum_images is 1: use 2 or more"),
        ("embedding-probe", {"margin": -0.1}, "margin is -0.1: use a value above 0"),
        ("encoder-swap", {"minimum_rise": 0}, "minimum_rise is 0: use a value above 0"),
    ],
)
def test_settings_that_ask_for_nothing_are_refused(rule, settings, why):
    with pytest.raises(ConfigError, match=why):
        RULES_KNOWN[rule].settings(**settings)


def test_every_rule_about_the_audit_can_be_asked_to_report_only():
    wanted = asked(**{rule: {**given, "report_only": True} for rule, given in AUDITED.items()})
    assert reasons(None, wanted) == []


@pytest.mark.parametrize("rule", AUDITED)
def test_a_policy_whose_audit_lacks_the_attack_of_a_rule_is_refused(tmp_path, rule):
    from tests.finished_run import POLICY

    path = tmp_path / "policy.yaml"
    text = POLICY % ("a" * 64, "b" * 64, "false")
    path.write_text(f"{text}  {rule}: {AUDITED[rule]}\n")
    with pytest.raises(ConfigError, match=f"rules.{rule} is on but audit.attacks lacks"):
        read_policy(path)
    attacks = ", ".join(ATTACKS)
    path.write_text(f"{text}  {rule}: {AUDITED[rule]}\naudit: {{attacks: [{attacks}]}}\n")
    assert rule in read_policy(path).rules


def test_an_audit_section_with_unknown_words_is_refused(tmp_path):
    from tests.finished_run import POLICY

    path = tmp_path / "policy.yaml"
    for section in ("{attacks: [guessing]}", "{atacks: []}", "{images: many}"):
        path.write_text(POLICY % ("a" * 64, "b" * 64, "false") + f"audit: {section}\n")
        with pytest.raises(ConfigError, match="audit"):
            read_policy(path)
