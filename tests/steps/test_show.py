"""What the user interface shows of a batch and of a verdict."""

from dataclasses import replace

from efface.gate.verdict import Check, Verdict, write_verdict
from efface.steps import show
from efface.steps.handover.batch_file import write_batch

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


def test_the_verdict_is_told_in_numbers_too(tmp_path):
    write_verdict(tmp_path / "verdict.json", verdict(False))
    assert show.run(verdict=tmp_path / "verdict.json", out=tmp_path / "page.md") == {
        "passed": 0.0,
        "checks_passed": 1.0,
        "checks_blocked": 1.0,
        "checks_reported": 0.0,
    }


def test_a_batch_is_told_by_its_name_and_its_numbers(tmp_path):
    tickets = [("in_progress", 850), ("in_progress", 3), ("no_data_found", 0)]
    entries = [
        {"ticket_id": f"t-{number}", "status": status, "samples": samples}
        for number, (status, samples) in enumerate(tickets)
    ]
    about = {"run_id": "run-1", "dataset": "data", "dataset_sha256": "d" * 64}
    content = {**about, "name": "2026-11-23-0a1b2c3d", "rejected": [{}], "tickets": entries}
    write_batch(tmp_path, content)
    assert show.batch_facts(tmp_path) == {
        "batch": "2026-11-23-0a1b2c3d",
        "tickets_due": 2.0,
        "tickets_without_data": 1.0,
        "tickets_rejected": 1.0,
        "images_to_forget": 853.0,
    }


def test_every_check_is_one_row_of_the_table():
    page = show.verdict_to_markdown(verdict(True))
    assert page.startswith("# Passed")
    assert "| retain-fid | passed | It stayed. |" in page
    assert "0.01 \\| 0.05" in page


def test_a_rule_that_only_reports_is_told_as_such_and_whether_it_held():
    checks = [replace(check, blocking=False) for check in CHECKS]
    page = show.verdict_to_markdown(replace(verdict(True), checks=checks))
    assert "| forget-distance-rises | reports | Did not hold. It rose by 0.01" in page
    assert "| retain-fid | reports | Held. It stayed. |" in page


def test_each_hash_is_on_a_line_of_its_own():
    page = show.verdict_to_markdown(replace(verdict(True), audit_sha256="x"))
    assert page.endswith("Report: `r`  \nPolicy: `p`  \nAudit: `x`\n")
    assert show.verdict_to_markdown(verdict(True)).endswith("Report: `r`  \nPolicy: `p`\n")
