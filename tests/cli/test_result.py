"""The result as a terminal shows it."""

from rich.console import Console

from efface.cli.result import show_verdict
from efface.gate.verdict import Check, Verdict

HASHES = {"policy_sha256": "p", "report_sha256": "r", "before": "b", "after": "a"}


def shown(*checks):
    console = Console(width=110, record=True)
    show_verdict(Verdict(passed=True, reasons=[], checks=list(checks), **HASHES), console)
    return console.export_text()


def test_a_rule_that_may_block_is_told_as_passed():
    check = Check(rule="retain-fid", passed=True, reason="It stayed.")
    assert "  passed   retain-fid  It stayed." in shown(check)


def test_a_rule_that_only_reports_is_told_as_such_and_whether_it_held():
    held = Check(rule="membership", passed=True, reason="AUC is 0.5.", blocking=False)
    missed = Check(rule="detector", passed=False, reason="AUC is 0.9.", blocking=False)
    text = shown(held, missed)
    assert "  reports  membership  Held. AUC is 0.5." in text
    assert "  reports  detector  Did not hold. AUC is 0.9." in text
