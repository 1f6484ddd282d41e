"""How a run ended, for a terminal: the verdict, the scores, and where everything is."""

import sys
from dataclasses import replace
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from efface.errors import InputError
from efface.evaluation.report import Report, read_report
from efface.evidence.tables import Cell, score_rows
from efface.gate.verdict import Verdict, read_verdict

COLOURS = {"passed": "green", "blocked": "red", "reports": "yellow"}
SHOWN = ("distance", "fid")
"""Metrics of the headline scores."""


def show_result(
    *, report: Path, verdict: Path, page: Path, model: str | None, console: Console | None = None
) -> None:
    """Print the verdict with its reasons, the scores, and the paths.

    Args:
        report: ``report.json``; may be absent or unreadable, which the verdict then says.
        verdict: ``verdict.json``.
        page: The evidence page.
        model: The registered version, or None when there is none.
        console: Where to print; standard output unless given.
    """
    console = console or make_console()
    answer = read_verdict(verdict)
    try:
        console.print(scores_to_table(read_report(report)))
    except InputError as error:
        console.print(f"no scores: {error}")
    show_verdict(answer, console)
    for name, place in (("report", report), ("page", page), ("verdict", verdict)):
        console.print(f"{name:8} {place}", soft_wrap=True, highlight=False)
    console.print(f"{'model':8} {model or 'none: the model in service stays'}", highlight=False)


def make_console() -> Console:
    """Standard output; wide enough for the table where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 110)


def show_verdict(verdict: Verdict, console: Console) -> None:
    """Print passed or blocked, and each check with its reason."""
    word = "[bold green]PASSED" if verdict.passed else "[bold red]BLOCKED"
    console.print(f"\n{word}")
    for check in verdict.checks:
        mark = f"[{COLOURS[check.word]}]{check.word:8}"
        console.print(f"  {mark}[/] [bold]{check.rule}[/] ", check.told, highlight=False)
    console.print()


def scores_to_table(report: Report) -> Table:
    """The headline scores before, after and their change, with 95 % intervals below.

    All tickets together, in the hole; the rest is in the report and on the page.
    """
    shown = [s for s in report.scores if s.metric in SHOWN and s.region == "hole"]
    title = "Scores in the hole, with 95 % intervals"
    table = Table(title=title, title_justify="left", box=SIMPLE, show_lines=True, padding=(0, 1))
    table.add_column("score", min_width=18)
    for heading in ("n", "before", "after", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in score_rows(replace(report, scores=shown)):
        numbers = [_words(cell) for cell in (row.before, row.after, row.change)]
        table.add_row(f"{row.set}, {row.mask}\n{row.title}", row.n, *numbers)
    return table


def _words(cell: Cell) -> str:
    return f"{cell.value}\n{cell.interval}" if cell.interval else cell.value
