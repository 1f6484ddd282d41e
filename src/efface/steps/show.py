"""What the pipeline's user interface shows of a batch and of a verdict."""

from pathlib import Path
from typing import Any

from efface.files import write_bytes
from efface.gate.verdict import Verdict, read_verdict
from efface.steps.handover.batch_file import BATCH, due, read_batch

OUTCOMES = ("passed", "blocked", "reported")
"""What a check may say."""


def run(*, verdict: Path, out: Path) -> dict[str, float]:
    """Write the verdict as Markdown.

    Args:
        verdict: ``verdict.json``.
        out: Where the Markdown goes.

    Returns:
        How many checks there were, and what they said.

    Raises:
        InputError: ``verdict`` is absent or not a verdict.
    """
    answer = read_verdict(verdict)
    write_bytes(out, verdict_to_markdown(answer).encode())
    return verdict_to_numbers(answer)


def batch_facts(batch: Path) -> dict[str, Any]:
    """The name of the batch in the folder that intake wrote, and what is in it, in numbers.

    Raises:
        InputError: the folder holds no batch.
    """
    content = read_batch(batch / BATCH)
    asked = due(content)
    return {
        "batch": content["name"],
        "tickets_due": float(len(asked)),
        "tickets_without_data": float(len(content["tickets"]) - len(asked)),
        "tickets_rejected": float(len(content["rejected"])),
        "images_to_forget": float(sum(ticket["samples"] for ticket in asked)),
    }


def verdict_to_numbers(verdict: Verdict) -> dict[str, float]:
    """1 for passed, else 0; and how many checks passed, block, or are reported alone."""
    outcomes = [check.outcome for check in verdict.checks]
    counts = {f"checks_{word}": float(outcomes.count(word)) for word in OUTCOMES}
    return {"passed": float(verdict.passed), **counts}


def verdict_to_markdown(verdict: Verdict) -> str:
    """Passed or blocked, the reasons, and a table of every check."""
    lines = [f"# {'Passed' if verdict.passed else 'Blocked'}", ""]
    lines += [f"- {reason}" for reason in verdict.reasons]
    lines += ["", "| rule | answer | found |", "|---|---|---|"]
    for check in verdict.checks:
        found = check.told.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {check.rule} | {check.word} | {found} |")
    lines += ["", f"Model before: `{verdict.before}`  ", f"Model after: `{verdict.after}`  "]
    lines += [f"Report: `{verdict.report_sha256}`  ", f"Policy: `{verdict.policy_sha256}`"]
    if verdict.audit_sha256:
        lines[-1] += "  "  # a line break
        lines += [f"Audit: `{verdict.audit_sha256}`"]
    return "\n".join([*lines, ""])
