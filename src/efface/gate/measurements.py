"""Finding the scores a rule asks for, and refusing those that cannot be believed.

A measurement is three scores (before, after, change) of the same images by the same recipe.
Whatever is missing, double, not finite, unpaired, of another recipe, or at odds with itself comes
back as a sentence instead of a measurement.
"""

from dataclasses import dataclass
from typing import Any

from efface.audit.record import Audit
from efface.evaluation.report import SIDES, Report, Score
from efface.gate.intervals import Estimate
from efface.gate.pairing import pairing_problem
from efface.gate.plausibility import absence_of, problem_of, spread_problem
from efface.gate.policy import Policy
from efface.gate.recipes import recipe_problem
from efface.gate.wording import display

JUDGED = ("distance", "fid")
"""Metrics that rules look at."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which measurement is wanted."""

    metric: str
    set: str
    mask: str
    region: str
    ticket: str = ""
    subject: str = ""

    def __str__(self) -> str:
        """Words for a sentence."""
        parts = [f"on {self.set}", f"mask {self.mask}", f"region {self.region}"]
        parts += [f"ticket {self.ticket}"] if self.ticket else []
        parts += [f"subject {self.subject}"] if self.subject else []
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Before, after and their paired change: finite, of the same images, by the same recipe."""

    label: str
    """Metric and extractor, such as FID (fashion-classifier)."""
    n: int
    before: float
    after: float
    change: float
    estimate: Estimate | None
    """The change with its standard error; None where it has none (of one image, for example)."""
    recipe: dict[str, Any]


class Measurements:
    """The scores of a report, looked up by what they measure."""

    def __init__(self, report: Report, policy: Policy, audit: Audit | None = None) -> None:
        """Index the scores once."""
        self.report = report
        self.policy = policy
        self.audit = audit
        self._scores: dict[tuple[Asked, str], list[Score]] = {}
        for s in report.scores:
            asked = Asked(
                metric=s.metric,
                set=s.set,
                mask=s.mask,
                region=s.region,
                ticket=s.ticket,
                subject=s.subject,
            )
            self._scores.setdefault((asked, s.side), []).append(s)

    def asked(self) -> list[Asked]:
        """Every measurement that the report has a score of."""
        return list(dict.fromkeys(asked for asked, _ in self._scores))

    def score(self, asked: Asked, side: str) -> Score | None:
        """The one score of a side; None where there is none, or more than one."""
        found = self._scores.get((asked, side), [])
        return found[0] if len(found) == 1 else None

    def find(self, asked: Asked) -> Measurement | str:
        """The measurement, or a sentence that says why there is none to believe."""
        found = self._sides(asked)
        if isinstance(found, str):
            return found
        for side, score in found.items():
            if problem := absence_of(score):
                return f"The {side!r} score of {asked.metric} {asked} {problem}."
        if problem := self._contradiction(found, asked):
            return problem
        if problem := spread_problem(found["change"]):
            return f"The 'change' score of {asked.metric} {asked} {problem}."
        return self._measurement(found)

    def contradiction(self, asked: Asked) -> str | None:
        """Why the scores of a measurement are none that an evaluation writes, or None."""
        found = self._sides(asked)
        return found if isinstance(found, str) else self._contradiction(found, asked)

    def subjects_scored(self, metric: str, set_name: str) -> set[tuple[str, str]]:
        """Every (ticket, subject) that has a score of this metric on this set."""
        return {
            (asked.ticket, asked.subject)
            for asked, _ in self._scores
            if asked.metric == metric and asked.set == set_name and asked.subject
        }

    def totals(self, set_name: str) -> list[Score]:
        """Distances and FIDs of a whole set; KID may rest on a sample of it, and is not judged."""
        return [
            s
            for s in self.report.scores
            if s.set == set_name and s.metric in JUDGED and not (s.ticket or s.subject)
        ]

    def _sides(self, asked: Asked) -> dict[str, Score] | str:
        """Before, after and change, or a sentence where one is not there exactly once."""
        found = {}
        for side in SIDES:
            scores = self._scores.get((asked, side), [])
            if len(scores) != 1:
                count = "no" if not scores else f"{len(scores)} contradicting"
                return f"The report has {count} {side!r} score of {asked.metric} {asked}."
            found[side] = scores[0]
        return found

    def _contradiction(self, found: dict[str, Score], asked: Asked) -> str | None:
        for side, score in found.items():
            if problem := problem_of(score):
                return f"The {side!r} score of {asked.metric} {asked} {problem}."
        if problem := pairing_problem(found) or self._foreign(found["change"].recipe, asked):
            return f"The scores of {asked.metric} {asked} {problem}."
        return None

    def _foreign(self, key: str, asked: Asked) -> str | None:
        """Why a recipe is not the one that the policy asks for."""
        recipe = self.report.recipes.get(key)
        if not isinstance(recipe, dict):
            return "name a recipe that the report does not spell out"
        where = {"metric": asked.metric, "mask": asked.mask, "region": asked.region}
        problem = recipe_problem(recipe, self.policy, **where)
        return f"have a recipe with {problem}" if problem else None

    def _measurement(self, found: dict[str, Score]) -> Measurement:
        before, after, change = (found[side] for side in SIDES)
        recipe = self.report.recipes[change.recipe]
        estimate = None
        if change.standard_error is not None and change.degrees is not None:
            estimate = Estimate(
                value=float(change.value or 0),
                standard_error=change.standard_error,
                degrees=change.degrees,
            )
        return Measurement(
            label=display(change.metric, recipe),
            n=change.n,
            before=float(before.value or 0),
            after=float(after.value or 0),
            change=float(change.value or 0),
            estimate=estimate,
            recipe=recipe,
        )
