"""``efface gate calibrate``: how often the gate errs, on runs whose answer is known.

Two words, but no subcommand of ``efface gate``: argparse would ask for the options of that step.
"""

import argparse
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from efface.cli import options, plans

if TYPE_CHECKING:
    from efface.cli.options import Commands

NAME = "gate calibrate"
"""As a user gives it."""


def add_command(commands: "Commands") -> None:
    """Add ``gate calibrate``."""
    told = "how often the gate errs on runs whose answer is known, and where thresholds belong"
    parser = options.add_command(commands, NAME, calibrate, told)
    parser.add_argument(
        "--seeds", type=int, default=20, help="runs of each kind (default: %(default)s)"
    )
    parser.add_argument(
        "--first-seed",
        type=int,
        default=0,
        help="the first of them; thresholds are tried on seeds that they were not chosen with "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--good", default="i2i", help="method of the plan that should pass (default: %(default)s)"
    )
    plans.add_places(parser)


def joined(words: Sequence[str]) -> list[str]:
    """The words of a command line, with the two of this command as one."""
    if list(words[:2]) == NAME.split():
        return [NAME, *words[2:]]
    return list(words)


def calibrate(given: argparse.Namespace) -> int:
    """Calibrate the gate."""
    from efface.bench.calibrating import calibrate
    from efface.bench.calibration_page import write_calibration

    first = given.first_seed
    bench = plans.open_bench(given)
    found = calibrate(bench, range(first, first + given.seeds), given.good)
    seeds = f"--seeds {given.seeds}" + (f" --first-seed {first}" if first else "")
    command = plans.command_of(given, f"{NAME} {seeds} --good {shlex.quote(given.good)}")
    file = plans.file_of(given, f"calibration-from-{first}" if first else "calibration")
    words = {"file": file, "command": command, "trained": bench.trained}
    for path in write_calibration(found, given.out, **words):
        print(path)
    return 0
