"""Whether a single number can be true: finite, counted, its interval in line with its error."""

import math
from typing import Any

from efface.audit.record import Finding
from efface.evaluation.report import Score
from efface.gate.intervals import quantile
from efface.metrics.intervals import CONFIDENCE, GROUPS

TOLERANCE = 1e-6
"""Rounding allowed between numbers of one report that must agree, relative to the larger one.

JSON keeps every digit, so what is left is the rounding of float64 and of other versions of SciPy.
"""
INTERVAL = ("standard_error", "degrees", "low", "high")
"""Fields of a score's interval: all are given, or none."""


def is_number(value: Any) -> bool:
    """Whether a value from JSON is a finite number."""
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def problem_of(score: Score) -> str | None:
    """Why no evaluation can have given this score, or None."""
    if type(score.n) is not int or score.n < 0:
        return f"has n {score.n!r}, which counts no images"
    if type(score.clusters) is not int or not min(score.n, 1) <= score.clusters <= score.n:
        return f"has clusters {score.clusters!r} at n = {score.n}"
    for name in ("value", *INTERVAL):
        given = getattr(score, name)
        if given is not None and not is_number(given):
            return f"has {name} {given!r}, which is not a finite number"
    given = [name for name in INTERVAL if getattr(score, name) is not None]
    if not given:
        return None
    if missing := [name for name in ("value", *INTERVAL) if getattr(score, name) is None]:
        return f"has {', '.join(given)} without {', '.join(missing)}"
    return interval_problem(score) or _degrees_problem(score)


def absence_of(score: Score) -> str | None:
    """Why a possible score says nothing, or None."""
    if score.n == 0:
        return "counts 0 images"
    return "has the value None, which is not a finite number" if score.value is None else None


def interval_problem(found: Score | Finding) -> str | None:
    """Why the Student interval of a finite number is impossible, or None; it may have none."""
    value, error, degrees = float(found.value or 0), found.standard_error, found.degrees
    if error is None or degrees is None:
        return None
    if error < 0 or not 0 < degrees <= max(found.clusters - 1, 1) * (1 + TOLERANCE):
        return (
            f"has standard_error {error:.4g} with {degrees:.4g} degrees of freedom at "
            f"{found.clusters} clusters"
        )
    half = quantile((1 + CONFIDENCE) / 2, degrees) * error
    for name, given, computed in (
        ("low", found.low, value - half),
        ("high", found.high, value + half),
    ):
        if given is None or not (
            is_number(given) and agree(given, computed, scale=abs(value) + half)
        ):
            return (
                f"contradicts itself: its {name} end is {given}, and its value, standard_error and "
                f"degrees give {computed:.6g}"
            )
    return None


def spread_problem(found: Score | Finding) -> str | None:
    """Why an error of 0 shows nothing: only a change of exactly 0 may have no spread."""
    if found.standard_error == 0 and found.value != 0:
        value = float(found.value or 0)
        return f"claims to be exactly {value:.4g}, with no spread at all (standard error 0)"
    return None


def agree(one: float, other: float, *, scale: float) -> bool:
    """Whether two numbers of this size differ by no more than rounding."""
    return abs(one - other) <= TOLERANCE * scale + 1e-12


def _degrees_problem(score: Score) -> str | None:
    """Degrees of a jackknife are the number of its groups less one."""
    wanted = min(GROUPS, score.clusters) - 1
    if score.metric == "distance" or score.degrees == wanted:
        return None
    return f"has degrees {score.degrees} where {score.clusters} clusters give {wanted}"
