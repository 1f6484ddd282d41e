"""The evidence page: one HTML file that needs nothing else, for people who decide.

No scripts and no requests to anywhere, so it works in the sandboxed frame of a pipeline's user
interface, as an e-mail attachment, and on paper.
"""

import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from efface.audit.record import Audit
from efface.errors import InputError
from efface.evaluation.report import Report
from efface.evidence.attacks import attack_tables
from efface.evidence.pictures import Gallery
from efface.evidence.plots import MOST, subjects_to_svg
from efface.evidence.tables import SubjectRow, recipes, score_rows, subject_rows, tiles
from efface.evidence.titles import SET_MEANING, SET_TITLES, number, score_title, whole
from efface.gate.policy import Policy
from efface.gate.verdict import Verdict

MARK = "efface-forget-pictures"
"""Name of the page's meta element that says whether it shows forget images."""
VERDICT_MARK = "efface-verdict-sha256"
"""Name of the one that says which verdict it shows, by the hash of its file."""
MOST_REASONS = 8
"""Reasons at the top of the page; all of them are in the table of checks."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One deletion ticket."""

    ticket: str
    subjects: int
    images: int
    """Of the train split that were to be forgotten."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All that the page shows."""

    verdict: Verdict
    verdict_sha256: str
    """Of the verdict's file."""
    policy: Policy
    report: Report | None
    """None when it could not be read; the page then shows the verdict alone."""
    asked: list[Asked] = field(default_factory=list)
    set_sizes: dict[str, int] = field(default_factory=dict)
    """Set name -> number of samples."""
    galleries: list[Gallery] = field(default_factory=list)
    audit: Audit | None = None
    """None when there was none, or it could not be read."""

    @property
    def forget_pictures(self) -> bool:
        """Whether a gallery shows forget images."""
        return any(gallery.set == "forget" for gallery in self.galleries)


def contents_to_html(contents: Contents) -> str:
    """Write the page.

    Raises:
        ValueError: there are pictures of the forget set and the policy does not allow them.
    """
    import jinja2

    if contents.forget_pictures and not contents.policy.privacy.forget_pictures:
        raise ValueError("forget pictures given for a policy that keeps them out")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        resources.files("efface.evidence").joinpath("page.html.j2").read_text("utf-8")
    )
    rows = score_rows(contents.report) if contents.report else []
    return template.render(
        mark=MARK,
        verdict_mark=VERDICT_MARK,
        it=contents,
        rows=rows,
        groups=[
            (title, SET_MEANING[name], [row for row in rows if row.set == title])
            for name, title in SET_TITLES.items()
            if any(row.set == title for row in rows)
        ],
        tiles=tiles(rows),
        asked=[_asked_row(contents.report, one) for one in contents.asked],
        sets=[
            (title, SET_MEANING[name], whole(contents.set_sizes[name]))
            for name, title in SET_TITLES.items()
            if name in contents.set_sizes
        ],
        plot=_plot(contents),
        recipes=recipes(contents.report) if contents.report else [],
        attacks=attack_tables(contents.audit) if contents.audit else [],
        rules=[check.rule for check in contents.verdict.checks],
        most=MOST,
        most_reasons=MOST_REASONS,
    )


def shows_forget_pictures(page: Path) -> bool:
    """Whether a page shows forget images; true as well when the page does not say."""
    return _mark(page, MARK) != "withheld"


def page_verdict(page: Path) -> str:
    """Hash of the verdict's file that a page shows; empty when it does not say."""
    return _mark(page, VERDICT_MARK)


def _mark(page: Path, name: str) -> str:
    try:
        text = page.read_text("utf-8", "replace")
    except OSError as error:
        raise InputError(f"page {page} cannot be read ({error.strerror}): make it again") from None
    found = re.search(rf'name="{name}" content="(\w+)"', text)
    return found[1] if found else ""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """The plot of subjects and the mask it is about."""

    svg: str
    mask: str
    title: str
    subjects: list[SubjectRow]


def _plot(contents: Contents) -> Plot | None:
    report, mask = contents.report, contents.policy.masks.score[0]
    rows = subject_rows(report, mask) if report else []
    if not report or not rows:
        return None
    title = score_title(report, rows[0].after)
    control = report.find(metric="distance", set="control", mask=mask, region="hole", side="before")
    reference = next((s.value for s in control if not s.ticket and not s.subject), None)
    svg = subjects_to_svg(rows, axis=title, reference=reference)
    return Plot(svg=svg, mask=mask, title=title, subjects=rows)


def _asked_row(report: Report | None, asked: Asked) -> dict[str, str]:
    row = {"ticket": asked.ticket, "subjects": whole(asked.subjects), "images": whole(asked.images)}
    scores = (
        report.find(metric="distance", set="forget", ticket=asked.ticket, subject="")
        if report
        else []
    )
    hole = [score for score in scores if score.region == "hole"]
    sides = {score.side: score for score in reversed(hole)}
    row["distance"] = " → ".join(
        number(sides[side].value) for side in ("before", "after") if side in sides
    )
    return row
