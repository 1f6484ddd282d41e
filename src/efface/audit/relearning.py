"""relearning: how many optimiser steps bring the forgotten images back?

The attacker fine-tunes a copy of the served model, encoder and decoder, with the family's own loss.
A step count alone says nothing: any model learns 32 images in a while. So the same is done with
images of the same kind that no model ever saw (control). Where the forgotten images come back
faster than those are learned, something of them was left. Both begin equally far from the goal: of
control those are taken that are painted as badly as the forgotten images, and where there are none,
nothing is compared. Fine-tuning on some of the forgotten images, on retain, and on pictures that
show nothing, says whether (other) forgotten images come back by themselves.

A fine-tuning that diverges shows nothing: images that are then not back prove no forgetting. Its
case has no number, and says why.

Shapes in names: N images of forget, M of control.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from efface.audit.fine_tuning import EVERY_STEP, Effort, steps_until, waves
from efface.audit.pairing import pair_up
from efface.audit.record import AttackResult, Finding, to_finding
from efface.audit.view import Pictures, View
from efface.metrics.gaussian import Floats
from efface.metrics.intervals import clustered_mean
from efface.models.protocol import ImageToImageModel

CASES = {
    "forget": "fine-tuned on the forgotten images, until they are back",
    "control": "fine-tuned on images never seen, until those are as close",
    "others": "fine-tuned on some forgotten images, until others of them are back",
    "retain": "fine-tuned on retain images, until the forgotten ones are back",
    "unrelated": "fine-tuned on pictures of waves, until the forgotten ones are back",
}

REPEATED = ("forget", "control")
"""Cases that are compared, and so repeated; the others are looked at once."""
TRAINED = ("forget", "control", "retain")
"""Sets that a fine-tuning takes its images from."""
LEAST_IMAGES = 8
"""Fewest images of a fine-tuning in a small set, unless fewer are asked for."""
FEWEST_IMAGES = 2
"""That may be asked for."""


def relearning(
    before: ImageToImageModel,
    after: ImageToImageModel,
    sets: Mapping[str, Pictures],
    view: View,
    effort: Effort,
) -> AttackResult:
    """Steps until the distance is back, for each of ``CASES``: the mean over the repeats.

    A case has no value where a loss or a distance of one of its repeats is not finite; none has
    one where a set has fewer images than one fine-tuning takes. Control has none where its images
    begin nearer the goal than the forgotten ones. ``others`` needs two repeats.

    Args:
        before: the model in service; it says which distance counts as back.
        after: the unlearned model; it is not changed.
        sets: forget, control and retain.
        view: mask and extractor of the gate's main rule.
        effort: of the attacker.
    """
    asked = effort
    effort = within(asked, min(len(sets[name]) for name in REPEATED))
    if few := [name for name in TRAINED if len(sets[name]) < effort.images]:
        told = _too_few(asked, effort.images, few[0], len(sets[few[0]]))
        findings = [_without(case, told) for case in CASES]
        return AttackResult(
            attack="relearning", seed=view.seed, recipe=view.recipe, findings=findings
        )
    rows = slice(0, effort.images * effort.repeats)
    forget = sets["forget"].take(rows)
    goal_N = view.distances(forget.images_NCHW, before)
    start_N = view.distances(forget.images_NCHW, after)
    offered_M = view.distances(sets["control"].images_NCHW, after)
    paired_N = pair_up(start_N, offered_M)
    sets = {**sets, "control": sets["control"].pick(paired_N)}
    start = Start(goal_N=goal_N, forget_N=start_N, control_N=offered_M[paired_N])
    targets = [start.target(_rows(repeat, effort), effort) for repeat in range(effort.repeats)]
    taken = _steps(after, sets, view, effort, targets)
    findings = [_to_finding(case, counts, effort) for case, counts in taken.items() if counts]
    if told := start.nearer(effort):
        findings = [_silenced(one, told) if one.case == "control" else one for one in findings]
    recipe = {**view.recipe, **vars(effort), "loss": "the family's own", **start.means}
    recipe |= {"targets": [finite(one) for one in targets], "every step up to": EVERY_STEP}
    return AttackResult(attack="relearning", seed=view.seed, recipe=recipe, findings=findings)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Distances of the images that are taken: of forget before and after, of its control after."""

    goal_N: Floats
    forget_N: Floats
    control_N: Floats

    @property
    def means(self) -> dict[str, float | None]:
        """What the record says of them."""
        means = [float(one.mean()) for one in (self.goal_N, self.forget_N, self.control_N)]
        return dict(
            zip(("before", "forget start", "control start"), map(finite, means), strict=True)
        )

    def target(self, rows: slice, effort: Effort) -> float:
        """The mean distance at which some images count as back."""
        return float(self.goal_N[rows].mean()) + self.tolerated(rows, effort)

    def tolerated(self, rows: slice, effort: Effort) -> float:
        """What may remain of the rise of some images."""
        old, new = float(self.goal_N[rows].mean()), float(self.forget_N[rows].mean())
        return effort.tolerance * max(new - old, 0)

    def nearer(self, effort: Effort) -> str:
        """Why the steps of control compare with nothing; empty where they compare."""
        new, other = float(self.forget_N.mean()), float(self.control_N.mean())
        if not other < new - self.tolerated(slice(None), effort):
            return ""
        return (
            f"begins at a distance of {other:.3g}, the forgotten images at {new:.3g}: nearer the "
            "goal, so its steps compare with nothing. Have control images that the unlearned model "
            "paints as badly, of the same kind as the forgotten ones; for tickets that have none, "
            "let the rule relearning only report"
        )


def _rows(repeat: int, effort: Effort) -> slice:
    return slice(repeat * effort.images, (repeat + 1) * effort.images)


def _steps(
    after: ImageToImageModel,
    sets: Mapping[str, Pictures],
    view: View,
    effort: Effort,
    targets: Sequence[float],
) -> dict[str, list[int | None]]:
    """What ``steps_until`` gives for each case and repeat."""
    taken: dict[str, list[int | None]] = {case: [] for case in CASES}
    for repeat in range(len(targets)):
        for case, (trained, watched, target) in _cases(repeat, sets, view, effort, targets).items():
            found = steps_until(after, trained, watched, view, target, effort, view.seed + repeat)
            taken[case].append(found)
    return taken


def _cases(
    repeat: int,
    sets: Mapping[str, Pictures],
    view: View,
    effort: Effort,
    targets: Sequence[float],
) -> dict[str, tuple[Tensor, Tensor, float]]:
    """Case -> images trained with, images watched, distance at which those count as back."""

    def drawn(name: str, repeat: int = repeat) -> Tensor:
        return sets[name].take(_rows(repeat, effort)).images_NCHW

    forget, target = drawn("forget"), targets[repeat]
    cases = {
        "forget": (forget, forget, target),
        "control": (drawn("control"), drawn("control"), target),
    }
    if repeat > 0:
        return cases
    cases["retain"] = (drawn("retain"), forget, target)
    cases["unrelated"] = (waves(forget, view.seed), forget, target)
    if len(targets) > 1:
        cases["others"] = (forget, drawn("forget", 1), targets[1])
    return cases


def within(effort: Effort, available: int) -> Effort:
    """The effort for which each repeat has images of its own.

    Where there are too few, each repeat gets fewer, down to ``LEAST_IMAGES``; where that does not
    suffice, there are fewer repeats.
    """
    least = min(LEAST_IMAGES, effort.images)
    images = min(effort.images, max(least, available // effort.repeats))
    return replace(effort, images=images, repeats=min(effort.repeats, available // images))


def finite(number: float) -> float | None:
    """A number as a record holds it: None if it is not finite."""
    return number if math.isfinite(number) else None


def _too_few(asked: Effort, needed: int, name: str, there: int) -> str:
    told = f"takes {needed} images, and {name} has {there}: "
    if there >= FEWEST_IMAGES * asked.repeats:
        return told + "lower audit.relearn_images"
    return told + (
        "too few for this attack to show anything; for such tickets, let the rule relearning only "
        "report"
    )


def _silenced(finding: Finding, note: str) -> Finding:
    return _without(finding.case, note, n=finding.n, clusters=finding.clusters)


def _without(case: str, note: str, n: int = 0, clusters: int = 0) -> Finding:
    """A case that shows nothing, and why."""
    return Finding(case=case, value=None, unit="steps", n=n, clusters=clusters, note=note)


def _to_finding(case: str, counts: Sequence[int | None], effort: Effort) -> Finding:
    n = effort.images * len(counts)
    reached = [count for count in counts if count is not None]
    if len(reached) < len(counts):
        told = f"in {len(counts) - len(reached)} of {len(counts)} repeats a loss or a distance was "
        told += "not finite, which shows nothing: lower audit.relearn_rate"
        return _without(case, told, n=n, clusters=len(counts))
    ended = [min(count, effort.steps) for count in reached]
    given_up = sum(count > effort.steps for count in reached)
    told = f"{CASES[case]}; {effort.images} images each time, none twice; "
    told += f"steps of each repeat: {', '.join(map(str, ended))}"
    if given_up:
        told += f"; {given_up} given up after {effort.steps}"
    units = [str(number) for number in range(len(reached))]
    found = to_finding(case, "steps", clustered_mean(np.array(ended, float), units), told)
    changes: dict[str, Any] = {"n": n, "at_least": given_up > 0}
    return Finding(**{**vars(found), **changes})
