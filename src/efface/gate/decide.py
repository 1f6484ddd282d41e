"""From a report and a policy to a verdict. Pure, and total: what it cannot judge is blocked."""

from typing import Any

from efface.audit.record import Audit
from efface.errors import ConfigError
from efface.evaluation.report import Report
from efface.gate.consistency import contradictions
from efface.gate.fields import build
from efface.gate.measurements import Measurements
from efface.gate.policy import Policy
from efface.gate.rules import MAIN_RULES, RULES
from efface.gate.verdict import Check, Verdict

MOST = 5
"""Contradictions of a report that are told one by one."""
Answered = tuple[Check, list[str]]
"""A check, and the sentences of it that keep the model back."""


def decide(
    report: Report,
    policy: Policy,
    report_sha256: str,
    audit: Audit | None = None,
    audit_sha256: str = "",
) -> Verdict:
    """Judge a report.

    Args:
        report: every score of the run.
        policy: which rules are on, and their settings.
        report_sha256: of the report file's bytes; goes into the verdict, so that a report that is
            changed later no longer matches it.
        audit: what the attacks found; None where there was no audit.
        audit_sha256: of the audit file's bytes, for the verdict; empty when there is none.

    Returns:
        A verdict that is passed only if both main rules are on and every rule that blocks has
        passed.
    """
    answers = [
        _blocked(name, f"Rule {name} is not in the policy, and it is always on.")
        for name in MAIN_RULES
        if name not in policy.rules
    ]
    answers += _answers(report, policy, audit)
    reasons = [f"{check.rule}: {why}" for check, failures in answers for why in failures]
    return Verdict(
        passed=not reasons,
        reasons=reasons,
        checks=[check for check, _ in answers],
        policy_sha256=policy.sha256,
        report_sha256=report_sha256,
        audit_sha256=audit_sha256,
        before=str(report.before),
        after=str(report.after),
    )


def blocked_verdict(
    reason: str,
    *,
    rule: str,
    policy_sha256: str = "",
    report_sha256: str = "",
    audit_sha256: str = "",
    after: str = "",
) -> Verdict:
    """The verdict where there is nothing to judge, such as an unreadable report or policy.

    Args:
        reason: a full sentence.
        rule: what stopped it: report, audit, policy or checkpoint.
        policy_sha256: of the policy's bytes; empty when there are none.
        report_sha256: of the report's bytes; empty when there are none.
        audit_sha256: of the audit's bytes; empty when there are none.
        after: fingerprint of the model judged; empty when unknown.
    """
    check, reasons = _blocked(rule, reason)
    return Verdict(
        passed=False,
        reasons=[f"{rule}: {why}" for why in reasons],
        checks=[check],
        policy_sha256=policy_sha256,
        report_sha256=report_sha256,
        audit_sha256=audit_sha256,
        before="",
        after=after,
    )


def _answers(report: Report, policy: Policy, audit: Audit | None) -> list[Answered]:
    try:
        measurements = Measurements(report, policy, audit)
    except Exception as error:  # a gate that does not answer is a gate that is open
        return [_blocked("report", f"The scores cannot be read ({_named(error)}).")]
    answers = [answer_of(name, given, measurements) for name, given in policy.rules.items()]
    return answers + _untold(measurements, {why for _, failures in answers for why in failures})


def _untold(measurements: Measurements, told: set[str]) -> list[Answered]:
    """What of the report contradicts the rest of it, and no rule has blocked for."""
    try:
        found = [why for why in contradictions(measurements) if why not in told]
    except Exception as error:  # a gate that does not answer is a gate that is open
        return [_blocked("report", f"The report cannot be checked ({_named(error)}).")]
    if (rest := len(found) - MOST) > 0:
        found = [*found[:MOST], f"More contradictions: {rest}."]
    if not found:
        return []
    return [(Check(rule="report", passed=False, reason=" ".join(found)), found)]


def answer_of(name: str, given: Any, measurements: Measurements) -> Answered:
    """One rule's answer, whatever state the report and the settings are in.

    Args:
        name: of the rule, in ``RULES`` or not.
        given: its settings, unchecked.
        measurements: of the report.
    """
    if name not in RULES:
        return _blocked(name, f"Rule {name} is unknown: this efface knows {', '.join(RULES)}.")
    rule = RULES[name]
    try:
        settings = build(rule.settings, given, name)
        answer = rule.judge(measurements, settings)
    except ConfigError as error:
        return _blocked(name, f"The settings cannot be used: {error}.")
    except Exception as error:  # a gate that does not answer is a gate that is open
        return _blocked(name, f"The report cannot be judged by this rule ({_named(error)}).")
    blocking = name in MAIN_RULES or not getattr(settings, "report_only", False)
    if answer.failures:
        reason = " ".join(answer.failures)
        check = Check(rule=name, passed=False, reason=reason, blocking=blocking)
        return check, answer.failures if blocking else []
    if not answer.summary:
        return _blocked(name, "The rule found nothing to look at.")
    return Check(rule=name, passed=True, reason=answer.summary, blocking=blocking), []


def _blocked(rule: str, reason: str) -> Answered:
    return Check(rule=rule, passed=False, reason=reason), [reason]


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
