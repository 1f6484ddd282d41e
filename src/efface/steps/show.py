"""The verdict as a page of the pipeline's user interface."""

from pathlib import Path

from efface.files import write_bytes
from efface.gate.verdict import Verdict, read_verdict


def run(*, verdict: Path, out: Path) -> None:
    """Write the verdict as Markdown.

    Args:
        verdict: ``verdict.json``.
        out: Where the Markdown goes.

    Raises:
        InputError: ``verdict`` is absent or not a verdict.
    """
    write_bytes(out, verdict_to_markdown(read_verdict(verdict)).encode())


def verdict_to_markdown(verdict: Verdict) -> str:
    """Passed or blocked, the reasons, and a table of every check."""
    lines = [f"# {'Passed' if verdict.passed else 'Blocked'}", ""]
    lines += [f"- {reason}" for reason in verdict.reasons]
    lines += ["", "| rule | answer | found |", "|---|---|---|"]
    for check in verdict.checks:
        found = check.reason.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {check.rule} | {check.outcome} | {found} |")
    lines += ["", f"Model before: `{verdict.before}`  ", f"Model after: `{verdict.after}`  "]
    lines += [f"Report: `{verdict.report_sha256}`  ", f"Policy: `{verdict.policy_sha256}`", ""]
    if verdict.audit_sha256:
        lines[-1:] = [f"Audit: `{verdict.audit_sha256}`", ""]
    return "\n".join(lines)
