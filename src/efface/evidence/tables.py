"""The report as rows of tables; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from efface.evaluation.report import Report, Score
from efface.evidence.titles import (
    METRICS,
    SET_TITLES,
    interval,
    number,
    score_title,
    signed,
    wanted,
    whole,
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number on the page."""

    value: str
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One score before, after, and its change."""

    title: str
    set: str
    mask: str
    region: str
    wanted: str
    n: str
    before: Cell
    after: Cell
    change: Cell
    recipe: int
    """Number of its recipe on the page."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What scores depend on, whatever their mask and region."""

    title: str
    fields: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A score at the top of the page."""

    title: str
    set: str
    before: str
    after: str
    change: str
    wanted: str


@dataclass(frozen=True, kw_only=True)
class SubjectRow:
    """One subject before and after."""

    subject: str
    ticket: str
    before: Score
    after: Score
    change: Score | None

    @property
    def rise(self) -> float:
        """After minus before."""
        return (self.after.value or 0.0) - (self.before.value or 0.0)


def score_rows(report: Report, ticket: str = "") -> list[Row]:
    """All scores over all subjects together, or those of one ticket."""
    groups: dict[tuple[str, ...], dict[str, Score]] = {}
    for score in report.scores:
        if score.ticket == ticket and not score.subject:
            key = (score.set, score.metric, score.mask, score.region)
            groups.setdefault(key, {})[score.side] = score
    numbers = _numbered(report)
    return [_row(report, groups[key], numbers) for key in sorted(groups, key=_order)]


def recipes(report: Report) -> list[Recipe]:
    """Each recipe once, in the order of its number on the page."""
    found = {
        number: _shared(report.recipes[name])
        for name, number in reversed(_numbered(report).items())
    }
    return [
        Recipe(
            title=f"[{number}] {found[number].get('name', 'unnamed extractor')}",
            fields=found[number],
        )
        for number in sorted(found)
    ]


def tiles(rows: Sequence[Row]) -> list[Tile]:
    """The first score of each kind that the gate's main rules look at."""
    found: dict[tuple[str, bool], Tile] = {}
    for row in rows:
        key = (row.set, row.title.startswith("FID"))
        if row.wanted.startswith("should") and key not in found:
            found[key] = Tile(
                title=row.title,
                set=row.set,
                before=row.before.value,
                after=row.after.value,
                change=row.change.value,
                wanted=row.wanted,
            )
    wanted_first = [
        (SET_TITLES["forget"], False),
        (SET_TITLES["neighbours"], False),
        (SET_TITLES["retain"], True),
        (SET_TITLES["holdout"], True),
    ]
    return [found[key] for key in wanted_first if key in found]


def subject_rows(report: Report, mask: str, region: str = "hole") -> list[SubjectRow]:
    """Distance of each subject's images before and after, least forgotten first."""
    sides: dict[tuple[str, str], dict[str, Score]] = {}
    for score in report.find(metric="distance", set="forget", mask=mask, region=region):
        if score.subject:
            sides.setdefault((score.ticket, score.subject), {})[score.side] = score
    rows = [
        SubjectRow(
            subject=subject,
            ticket=ticket,
            before=found["before"],
            after=found["after"],
            change=found.get("change"),
        )
        for (ticket, subject), found in sides.items()
        if _has_values(found)
    ]
    return sorted(rows, key=lambda row: (row.rise, row.subject))


def _has_values(sides: dict[str, Score]) -> bool:
    return all(side in sides and sides[side].value is not None for side in ("before", "after"))


def _row(report: Report, sides: dict[str, Score], numbers: dict[str, int]) -> Row:
    score = next(iter(sides.values()))
    before, after, change = (sides.get(side) for side in ("before", "after", "change"))
    difference = change.value if change else None
    if change is None and before and after and before.value is not None and after.value is not None:
        difference = after.value - before.value
    return Row(
        title=score_title(report, score),
        set=SET_TITLES.get(score.set, score.set),
        mask=score.mask,
        region=score.region,
        wanted=wanted(score.metric, score.set),
        n=" / ".join(sorted({whole(s.n) for s in sides.values()})),
        before=Cell(value=number(before.value if before else None), interval=interval(before)),
        after=Cell(value=number(after.value if after else None), interval=interval(after)),
        change=Cell(value=signed(difference), interval=interval(change)),
        recipe=numbers.get(score.recipe, 0),
    )


def _numbered(report: Report) -> dict[str, int]:
    """Recipe key -> number on the page; recipes that differ in mask and region alone share one."""
    distinct: list[dict[str, Any]] = []
    numbers = {}
    for name, recipe in report.recipes.items():
        shared = _shared(recipe)
        if shared not in distinct:
            distinct.append(shared)
        numbers[name] = distinct.index(shared) + 1
    return numbers


def _shared(recipe: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in recipe.items() if key not in ("mask", "region")}


def _order(key: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
    set_name, metric, mask, region = key
    sets = list(SET_TITLES)
    return (
        sets.index(set_name) if set_name in sets else len(sets),
        METRICS.index(metric) if metric in METRICS else len(METRICS),
        (mask, "" if region == "hole" else region),
    )
