"""Whether before, after and change are three numbers of one measurement.

They are of the same images in the same groups by the same recipe, and the change is that from
before to after. Its standard error obeys the triangle inequality: all three are the length of a
vector of deviations (of clusters, or of the jackknife's groups), and that of the change is the
difference of the other two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from efface.evaluation.report import SIDES, Score
from efface.gate.plausibility import agree

Triple = Mapping[str, Score]
"""before, after and change -> its score, each possible by itself."""


def pairing_problem(found: Triple) -> str | None:
    """Why three scores do not belong together, or None."""
    for check in CHECKS:
        if problem := check(found):
            return problem
    return None


def _counts(found: Triple) -> str | None:
    sizes = {side: score.n for side, score in found.items()}
    if len(set(sizes.values())) > 1:
        return f"are not paired: {_told('n', sizes)}, and equal n is needed"
    return None


def _groups(found: Triple) -> str | None:
    for name in ("clusters", "degrees"):
        given = {side: getattr(score, name) for side, score in found.items()}
        numbers = [value for value in given.values() if value is not None]
        if any(not agree(one, numbers[0], scale=abs(numbers[0])) for one in numbers):
            return f"are not of the same groups: {_told(name, given)}"
    return None


def _recipes(found: Triple) -> str | None:
    keys = {str(score.recipe) for score in found.values()}
    if len(keys) > 1:
        return f"have different recipes ({', '.join(sorted(keys))}) and cannot be compared"
    return None


def _values(found: Triple) -> str | None:
    before, after, change = (found[side].value for side in SIDES)
    if before is None or after is None or change is None:
        return _presence("value", found)
    if not agree(change, after - before, scale=max(abs(before), abs(after))):
        values = f"{before:.6g} before, {after:.6g} after, change {change:.6g}"
        return f"contradict each other: {values}"
    return None


def _errors(found: Triple) -> str | None:
    before, after, change = (found[side].standard_error for side in SIDES)
    if before is None or after is None or change is None:
        return _presence("standard_error", found)
    nearest = min(max(change, abs(after - before)), after + before)
    if not agree(change, nearest, scale=after + before):
        return (
            f"contradict each other: with standard_error {before:.4g} before and {after:.4g} "
            f"after, that of the change cannot be {change:.4g}"
        )
    return None


def _presence(name: str, found: Triple) -> str | None:
    """The change has a number where before and after have one, and only there."""
    given = {side: getattr(found[side], name) for side in SIDES}
    before, after, change = (value is not None for value in given.values())
    if change == (before and after):
        return None
    return f"contradict each other: {_told(name, given)}"


def _told(name: str, given: Mapping[str, Any]) -> str:
    return ", ".join(f"{side} {name} = {value}" for side, value in given.items())


CHECKS: Sequence[Callable[[Triple], str | None]] = (_counts, _groups, _recipes, _values, _errors)
