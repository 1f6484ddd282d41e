"""How often one odd subject passes the gate, simulated: the table of docs/gate.md.

python -m tests.gate.operating_characteristic [--runs 4000]
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from efface.gate.decide import decide
from tests.gate.reports import HELD_OUT, MAIN, changes, fid, forgotten, policy, report_of

SHA = "d" * 64
RISE = MAIN["forget-distance-rises"]["minimum_rise"]
SPREAD = 0.08
"""Standard deviation between images."""
Draw = Callable[[np.random.Generator, int], np.ndarray]
"""(chance, images) -> change of each image of the odd subject."""


class Row(NamedTuple):
    """One row of the table."""

    title: str
    images: int
    draw: Draw


def normal(mean: float) -> Draw:
    """Changes that scatter alike to both sides."""
    return lambda random, n: random.normal(mean, SPREAD, n)


def tail(side: int) -> Draw:
    """Changes of mean ``RISE`` with a long tail: 1 upwards, -1 downwards."""
    return lambda random, n: RISE + side * SPREAD * (random.exponential(1, n) - 1)


ROWS = [
    Row("0.05, exactly at the threshold", 30, normal(RISE)),
    Row("0.05", 5, normal(RISE)),
    Row("0.025, half of it", 30, normal(RISE / 2)),
    Row("0, not forgotten", 30, normal(0)),
    Row("0", 5, normal(0)),
    Row("0.05, long upper tail (exponential)", 30, tail(1)),
    Row("0.05, long lower tail (exponential)", 5, tail(-1)),
    Row("0.05, long lower tail", 30, tail(-1)),
    Row("0.05, long lower tail", 100, tail(-1)),
    Row("0.1, weakly forgotten", 30, normal(0.1)),
    Row("0.15", 30, normal(0.15)),
    Row("0.3, forgotten like the others", 30, normal(0.3)),
]


def passes_with_one_odd_subject(draw: Draw, *, runs: int, images: int = 30) -> int:
    """How often a report passes whose twelfth subject changed by what ``draw`` gives."""
    change = changes(0.3, subjects=12)
    base = report_of(change, fid(15.7, 15.9))
    others = [score for score in base.scores if score.set != "forget" or score.mask == HELD_OUT]
    passed = 0
    for seed in range(runs):
        values = draw(np.random.default_rng(seed), images)
        scores = forgotten({**change, ("ticket-1", "subject-11"): values}) + others
        passed += decide(replace(base, scores=scores), policy(MAIN), SHA).passed
    return passed


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=int, default=4000, help="simulated runs a row (default: %(default)s)"
    )
    runs = parser.parse_args().runs
    print("| the odd subject's true mean change | images | passed |\n|---|---|---|")
    for row in ROWS:
        passed = passes_with_one_odd_subject(row.draw, runs=runs, images=row.images)
        ends = binomtest(passed, runs).proportion_ci(method="exact")
        share, low, high = (100 * value for value in (passed / runs, ends.low, ends.high))
        told = f"{share:.2f} % [{low:.2f}, {high:.2f}]"
        print(f"| {row.title} | {row.images} | {told} |", flush=True)


if __name__ == "__main__":
    main()
