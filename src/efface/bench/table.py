"""A table: rows of scores, as JSON and as Markdown."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from efface.evaluation.report import Report, Score
from efface.evidence.titles import interval, number
from efface.files import write_bytes, write_json

VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Column:
    """One kind of score."""

    title: str
    set: str
    metric: str
    side: str = "after"


COLUMNS = (
    Column(title="retain FID", set="holdout", metric="fid"),
    Column(title="retain FID, change", set="holdout", metric="fid", side="change"),
    Column(title="retain KID", set="holdout", metric="kid"),
    Column(title="retain IS", set="holdout", metric="inception_score"),
    Column(title="retain distance", set="holdout", metric="distance"),
    Column(title="retain distance, change", set="holdout", metric="distance", side="change"),
    Column(title="near distance", set="neighbours", metric="distance"),
    Column(title="near distance, change", set="neighbours", metric="distance", side="change"),
    Column(title="forget distance", set="forget", metric="distance"),
    Column(title="forget distance, change", set="forget", metric="distance", side="change"),
    Column(title="forget FID", set="forget", metric="fid"),
    Column(title="forget KID", set="forget", metric="kid"),
    Column(title="forget IS", set="forget", metric="inception_score"),
    Column(title="held-out forget distance", set="forget-holdout", metric="distance"),
    Column(title="held-out forget FID", set="forget-holdout", metric="fid"),
    Column(title="held-out forget KID", set="forget-holdout", metric="kid"),
    Column(title="held-out forget IS", set="forget-holdout", metric="inception_score"),
)
"""retain: holdout images that stay; forget: the very images that were to be deleted; held-out
forget: other images of the same subjects; near: the holdout images most like the forget set.
Changes are paired, image by image: their intervals leave out what all rows have in common."""
BEFORE = (
    Column(title="retain FID before", set="holdout", metric="fid", side="before"),
    Column(title="forget distance before", set="forget", metric="distance", side="before"),
)
"""For tables whose rows do not all start from the same scores."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table."""

    group: str
    """Rows of a group stand together under its title, such as a model, a ticket and a mask."""
    label: str
    scores: dict[str, Score | None]
    """Column title -> score."""
    seconds: float | None = None
    """Wall time of unlearning."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further plain columns."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A finished table."""

    title: str
    about: list[str]
    """What a reader must know: what was asked, recipe, seeds, command."""
    rows: list[Row]
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Recipe of a score -> what it was made with."""


def scores_of(
    report: Report, mask: str, region: str, *, before: bool = False
) -> dict[str, Score | None]:
    """The scores of a report in the order of the columns; with those before unlearning."""
    columns = (*COLUMNS, *BEFORE) if before else COLUMNS
    return {column.title: _one(report, column, mask, region) for column in columns}


def _one(report: Report, column: Column, mask: str, region: str) -> Score | None:
    found = report.find(
        set=column.set, metric=column.metric, side=column.side, mask=mask, region=region,
        ticket="", subject="",
    )  # fmt: skip
    return found[0] if found else None


def write_table(table: Table, folder: Path, name: str) -> list[Path]:
    """Write NAME.json and NAME.md; gives their paths."""
    paths = [folder / f"{name}.json", folder / f"{name}.md"]
    write_json(paths[0], {"version": VERSION, **asdict(table)})
    write_bytes(paths[1], to_markdown(table).encode())
    return paths


def to_markdown(table: Table) -> str:
    """The table as a page of Markdown; every number with its 95 % interval where it has one."""
    lines = [f"# {table.title}", "", *(f"{text}\n" for text in table.about)]
    for group in dict.fromkeys(row.group for row in table.rows):
        rows = [row for row in table.rows if row.group == group]
        scored = [
            c.title for c in (*COLUMNS, *BEFORE) if any(row.scores.get(c.title) for row in rows)
        ]
        timed = any(row.seconds is not None for row in rows)
        more = list(dict.fromkeys(key for row in rows for key in row.more))
        head = ["", *scored, *more, *(["seconds"] if timed else [])]
        if group:
            lines += [f"## {group}", ""]
        lines += [_line(head), _line(["---"] * len(head))]
        for row in rows:
            cells = [_cell(row.scores.get(title)) for title in scored]
            cells += [_plain(row.more.get(key)) for key in more]
            cells += [_plain(row.seconds)] if timed else []
            lines.append(_line([row.label, *cells]))
        lines += ["", _counts(rows, scored), ""]
    return "\n".join(lines).rstrip() + "\n"


def _counts(rows: list[Row], titles: list[str]) -> str:
    parts = []
    for title in titles:
        found = {score.n for row in rows if (score := row.scores.get(title)) is not None}
        parts.append(f"{title} {', '.join(map(str, sorted(found)))}")
    return f"n: {'; '.join(parts)}." if parts else ""


def _cell(score: Score | None) -> str:
    if score is None:
        return "–"
    return f"{number(score.value)} {interval(score)}".strip()


def _plain(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(float(value))
    return "–" if value is None else str(value)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
