"""Rules about the audit: a good one passes, and whatever is missing, foreign or weak blocks."""

from dataclasses import replace
from typing import Any

import pytest

from efface.audit.record import Audit
from efface.audit.settings import AuditSettings
from efface.errors import ConfigError
from efface.gate.decide import decide
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from tests.audit.given import good_audit
from tests.gate.reports import RECIPES, RULES, SCORED, good_report, policy

SETTINGS = AuditSettings(attacks=["mask-sweep", "relearning"])
BOTH: dict[str, dict[str, Any]] = {"altered-queries": {"minimum_rise": 0.05}, "relearning": {}}
REPORT = good_report()


def asked(**rules: dict[str, Any]) -> Policy:
    settings = {**BOTH, **{name.replace("_", "-"): given for name, given in rules.items()}}
    return replace(policy({**RULES, **settings}), audit=SETTINGS)


def audit(**fields: Any) -> Audit:
    good = good_audit(SETTINGS, RECIPES[f"distance-{SCORED}"], sets=REPORT.sets)
    return replace(good, **fields)


def with_finding(attack: str, of: str, **changes: Any) -> Audit:
    """The good audit with fields of one finding changed."""
    found = audit()
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
    assert {"altered-queries", "relearning"} <= {check.rule for check in verdict.checks}


def test_no_audit_blocks_both_rules():
    assert [reason.partition(":")[0] for reason in reasons(None)] == list(BOTH)


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
    assert len(reasons(audit(**fields))) == 2


@pytest.mark.parametrize("key", ["weights_sha256", "seed", "mask"])
def test_a_recipe_that_the_policy_does_not_ask_for_blocks(key):
    found = audit()
    foreign = [replace(r, recipe={**r.recipe, key: "other"}) for r in found.results]
    assert len(reasons(replace(found, results=foreign))) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"value": None}, "not a finite number", id="none"),
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
        pytest.param("forget", {"value": None}, "not numbers", id="none"),
        pytest.param("control", {"value": float("nan")}, "not numbers", id="nan"),
        pytest.param("forget", {"value": 61.0}, "not numbers", id="beyond the limit"),
        pytest.param("control", {"at_least": True}, "too weakly", id="too weak"),
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


def test_a_higher_ratio_can_be_asked_for():
    (reason,) = reasons(audit(), asked(relearning={"minimum_ratio": 3.0}))
    assert "at least 3 times" in reason


def test_both_rules_can_be_asked_to_report_only():
    wanted = asked(
        altered_queries={"minimum_rise": 0.05, "report_only": True},
        relearning={"report_only": True},
    )
    assert reasons(None, wanted) == []


@pytest.mark.parametrize("rule", BOTH)
def test_a_policy_whose_audit_lacks_the_attack_of_a_rule_is_refused(tmp_path, rule):
    from tests.finished_run import POLICY

    path = tmp_path / "policy.yaml"
    text = POLICY % ("a" * 64, "b" * 64, "false")
    path.write_text(f"{text}  {rule}: {BOTH[rule]}\n")
    with pytest.raises(ConfigError, match=f"rules.{rule} is on but audit.attacks lacks"):
        read_policy(path)
    path.write_text(f"{text}  {rule}: {BOTH[rule]}\naudit: {{attacks: [mask-sweep, relearning]}}\n")
    assert rule in read_policy(path).rules


def test_an_audit_section_with_unknown_words_is_refused(tmp_path):
    from tests.finished_run import POLICY

    path = tmp_path / "policy.yaml"
    for section in ("{attacks: [guessing]}", "{atacks: []}", "{images: many}"):
        path.write_text(POLICY % ("a" * 64, "b" * 64, "false") + f"audit: {section}\n")
        with pytest.raises(ConfigError, match="audit"):
            read_policy(path)
