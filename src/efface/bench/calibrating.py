"""Runs whose answer is known, over many seeds: what the gate's thresholds are calibrated with.

Good: a method of the plan that is named, such as ``i2i``. Bad for forgetting: the model in service
saved again, training on retain alone, and the good method that left one subject of the ticket out.
Bad for keeping: max-loss.
"""

from dataclasses import dataclass
from pathlib import Path

from efface.bench.cell import Bench, Result
from efface.bench.gridding import cell_of
from efface.bench.subjects import write_ticket
from efface.bench.ticket_file import read_ticket
from efface.data.manifest import read_manifest
from efface.errors import ConfigError
from efface.evaluation.report import Report
from efface.gate.calibration import (
    THRESHOLDS,
    Rate,
    Suggestion,
    pass_rate,
    suggest,
    with_thresholds,
)
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.progress import track
from efface.shown import shown
from efface.storage import open_store
from efface.training.choosing import read_method

KINDS = ("original", "retain-only", "max-loss")
"""Bad methods of the plan."""
MOST_SEEDS = 10**6
ONE_LEFT = "one subject left out"
BAD = {
    "forget-distance-rises": ("original", "retain-only", ONE_LEFT),
    "retain-fid": ("max-loss",),
    "retain-distance": ("max-loss",),
    "neighbours-distance": ("max-loss",),
}
"""Rule -> the bad runs that it is there to block."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was found."""

    seeds: range
    good: str
    """The method that should pass."""
    suggestions: list[Suggestion]
    """From the first half of the seeds; critical values of all."""
    present: dict[str, Rate]
    """Kind of run -> how often the policy as it is passes it, over all seeds."""
    moved: dict[str, Rate]
    """The same with the suggested thresholds, over the seeds they were not taken from."""


def calibrate(bench: Bench, seeds: range, good: str) -> Calibration:
    """Run every kind for every seed, and draw the conclusions.

    Args:
        bench: what runs them.
        seeds: one run of each kind for each of them.
        good: the method of the plan that should pass.

    Raises:
        ConfigError: too few or too many seeds, one that is negative or too large, a method that
            the plan does not have, or a bad one as the good one.
    """
    if missing := {good, *KINDS} - bench.plan.methods.keys():
        raise ConfigError(
            f"the plan has no method {', '.join(sorted(missing))}: add it (it has "
            f"{'; '.join(bench.plan.methods)})"
        )
    method = read_method(bench.plan.methods[good])[0].name
    if method in KINDS:
        told = good if method == good else f"{good}, which is {method},"
        raise ConfigError(f"{told} is what the gate should block: name one that should pass")
    count = seeds.stop - seeds.start  # len() of a longer range is an OverflowError
    if not 4 <= count <= MOST_SEEDS:
        raise ConfigError(
            f"{shown(count)} seeds: at least 4, half to calibrate and half to check, and at most "
            f"{MOST_SEEDS}"
        )
    if seeds.start < 0:
        raise ConfigError(f"a first seed of {seeds.start}: seeds start at 0")
    if seeds.stop > 2**63:
        raise ConfigError(f"a first seed of {seeds.start}: use at most {2**63 - count}")
    _all_but_one(bench, bench.first[1], 0)  # refused now, not after the first training
    runs: dict[str, list[Report]] = {}
    with track("seeds", total=len(seeds)) as progress:
        for seed in seeds:
            for kind, found in _runs(bench, seed, good).items():
                runs.setdefault(kind, []).append(found.report)
            progress.advance()
    return conclude(read_policy(bench.policy()), runs, good, seeds)


def conclude(policy: Policy, runs: dict[str, list[Report]], good: str, seeds: range) -> Calibration:
    """Thresholds from the first half of the seeds, error rates from all and from the second."""
    half = len(seeds) // 2
    suggestions = [
        suggest(
            policy,
            threshold,
            runs[good],
            {kind: runs[kind] for kind in BAD[threshold.rule]},
            first=half,
        )
        for threshold in THRESHOLDS
        if threshold.rule in policy.rules
    ]
    moved = with_thresholds(policy, suggestions)
    return Calibration(
        seeds=seeds,
        good=good,
        suggestions=suggestions,
        present={kind: pass_rate(policy, reports) for kind, reports in runs.items()},
        moved={kind: pass_rate(moved, reports[half:]) for kind, reports in runs.items()},
    )


def _runs(bench: Bench, seed: int, good: str) -> dict[str, Result]:
    model, ticket, _ = bench.first
    swept = {"seed": seed}
    found = {
        kind: bench.run(
            cell_of(bench, model, ticket, bench.plan.methods[kind], swept=swept, seed=seed)
        )
        for kind in (good, *KINDS)
    }
    rest = _all_but_one(bench, ticket, seed)
    partial = bench.run(
        cell_of(bench, model, rest, bench.plan.methods[good], swept=swept, seed=seed)
    )
    cell = cell_of(bench, model, ticket, {"name": "original"}, seed=seed, made=partial.after)
    return {**found, ONE_LEFT: bench.run(cell)}


def _all_but_one(bench: Bench, ticket: str, seed: int) -> Path:
    """A ticket about all subjects of a ticket but one, another one for each seed."""
    values = {identity.value for identity in read_ticket(bench.tickets[ticket]).identities}
    rows = read_manifest(open_store(bench.plan.dataset)).to_pylist()
    subjects = sorted(
        {
            row["subject_id"]
            for row in rows
            if row["split"] == "train" and {row["subject_id"], row["rights_holder"]} & values
        }
    )
    if len(subjects) < 2:
        raise ConfigError(f"ticket {ticket} has {len(subjects)} subjects: at least 2 are needed")
    left_out = subjects[seed % len(subjects)]
    return write_ticket(bench.work, [subject for subject in subjects if subject != left_out])
