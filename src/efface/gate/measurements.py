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
from efface.gate.plausibility import agree, problem_of
from efface.gate.policy import Policy
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

    def find(self, asked: Asked) -> Measurement | str:
        """The measurement, or a sentence that says why there is none to believe."""
        found: dict[str, Score] = {}
        for side in SIDES:
            scores = self._scores.get((asked, side), [])
            if len(scores) != 1:
                count = "no" if not scores else f"{len(scores)} contradicting"
                return f"The report has {count} {side!r} score of {asked.metric} {asked}."
            found[side] = scores[0]
            if problem := problem_of(found[side]):
                return f"The {side!r} score of {asked.metric} {asked} {problem}."
        if problem := self._mismatch(found, asked):
            return f"The scores of {asked.metric} {asked} {problem}."
        return self._measurement(found)

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

    def _mismatch(self, found: dict[str, Score], asked: Asked) -> str | None:
        """Why three scores do not belong together, or to this policy."""
        sizes = {side: score.n for side, score in found.items()}
        if len(set(sizes.values())) > 1:
            counts = ", ".join(f"{side} n = {n}" for side, n in sizes.items())
            return f"are not paired: {counts}, and equal n is needed"
        keys = {score.recipe for score in found.values()}
        if len(keys) > 1:
            return f"have different recipes ({', '.join(sorted(keys))}) and cannot be compared"
        recipe = self.report.recipes.get(keys.pop())
        if not isinstance(recipe, dict):
            return "name a recipe that the report does not spell out"
        if problem := self._foreign(recipe, asked):
            return problem
        before, after, change = (float(found[side].value or 0) for side in SIDES)
        if not agree(change, after - before, scale=max(abs(before), abs(after))):
            values = f"{before:.6g} before, {after:.6g} after, change {change:.6g}"
            return f"contradict each other: {values}"
        return None

    def _foreign(self, recipe: dict[str, Any], asked: Asked) -> str | None:
        """Why a recipe is not the one that the policy asks for."""
        kind = "distance" if asked.metric == "distance" else "fid"
        spec = self.policy.extractors.get(kind)
        wanted = {
            "weights_sha256": spec.sha256 if spec else None,
            "seed": self.policy.evaluation.seed,
            "mask": asked.mask,
            "region": asked.region,
        }
        for key, value in wanted.items():
            if recipe.get(key) != value:
                return f"have a recipe with {key} {recipe.get(key)!r} where {value!r} is asked for"
        if not isinstance(recipe.get("name"), str) or not recipe["name"]:
            return "have a recipe that does not name its extractor"
        return None

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
