"""Whether a single number can be true: finite, counted, its interval in line with its error."""

import math
from typing import Any

from efface.audit.record import Finding
from efface.evaluation.report import Score
from efface.gate.intervals import quantile

TOLERANCE = 1e-3
"""Rounding allowed between numbers of one report that must agree, relative to the larger one."""


def is_number(value: Any) -> bool:
    """Whether a value from JSON is a finite number."""
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def problem_of(score: Score) -> str | None:
    """Why one score cannot be believed, or None."""
    if type(score.n) is not int or score.n < 1:
        return f"counts {score.n!r} images"
    if type(score.clusters) is not int or not 1 <= score.clusters <= score.n:
        return f"counts {score.clusters!r} independent groups in {score.n} images"
    if not is_number(score.value):
        return f"has the value {score.value!r}, which is not a finite number"
    for name in ("standard_error", "degrees", "low", "high"):
        given = getattr(score, name)
        if given is not None and not is_number(given):
            return f"has {name} {given!r}, which is not a finite number"
    return interval_problem(score) if score.side == "change" else None


def interval_problem(found: Score | Finding) -> str | None:
    """Why the interval of a finite number is impossible, or None; it may come without one."""
    value, error, degrees = float(found.value or 0), found.standard_error, found.degrees
    if error is None or degrees is None:
        return None
    if error < 0 or not 0 < degrees <= max(found.n - 1, 1):
        return (
            f"has standard error {error:.4g} with {degrees:.4g} degrees of freedom at n = {found.n}"
        )
    if error == 0 and value != 0:
        return f"claims to be exactly {value:.4g}, with no spread at all (standard error 0)"
    half = quantile(0.975, degrees) * error
    for name, given, computed in (
        ("low", found.low, value - half),
        ("high", found.high, value + half),
    ):
        if given is None or not (
            is_number(given) and agree(given, computed, scale=abs(value) + half)
        ):
            return f"contradicts itself: its {name} end is {given}, not {computed:.4g}"
    return None


def agree(one: float, other: float, *, scale: float) -> bool:
    """Whether two numbers of this size differ by no more than rounding."""
    return abs(one - other) <= TOLERANCE * scale + 1e-9
