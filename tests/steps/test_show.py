"""The verdict as Markdown."""

from efface.gate.verdict import Check, Verdict, write_verdict
from efface.steps import show

CHECKS = [
    Check(rule="forget-distance-rises", passed=False, reason="It rose by 0.01 | 0.05 is asked."),
    Check(rule="retain-fid", passed=True, reason="It stayed."),
]


def verdict(passed):
    reasons = [] if passed else [CHECKS[0].reason]
    hashes = {"policy_sha256": "p", "report_sha256": "r", "before": "b", "after": "a"}
    return Verdict(passed=passed, reasons=reasons, checks=CHECKS, **hashes)


def test_a_blocked_model_is_told_with_its_reasons(tmp_path):
    write_verdict(tmp_path / "verdict.json", verdict(False))
    show.run(verdict=tmp_path / "verdict.json", out=tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("# Blocked\n\n- It rose by 0.01")


def test_every_check_is_one_row_of_the_table():
    page = show.verdict_to_markdown(verdict(True))
    assert page.startswith("# Passed")
    assert "| retain-fid | passed | It stayed. |" in page
    assert "0.01 \\| 0.05" in page
