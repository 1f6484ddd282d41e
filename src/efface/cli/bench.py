"""``efface bench``: methods measured against each other, as tables and pictures."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from efface.cli import options

if TYPE_CHECKING:
    from efface.cli.options import Commands

CALIBRATE = "gate calibrate"
"""Two words, as a user gives them."""


def add_command(commands: "Commands") -> None:
    """Add ``bench table`` and ``bench pictures``."""
    text = "measure methods against each other"
    group = commands.add_parser("bench", help=text, description=text).add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    told = "run what a table needs and write it; the same command goes on where it was stopped"
    parser = options.add_command(group, "table", table, told)
    parser.add_argument("name", help="table, or all; an unknown name lists them (required)")
    _add_places(parser)
    told = "how often the gate errs on runs whose answer is known, and where thresholds belong"
    calibration = options.add_command(commands, CALIBRATE, calibrate, told)
    calibration.add_argument(
        "--seeds", type=int, default=20, help="runs of each kind (default: %(default)s)"
    )
    _add_places(calibration)
    told = "draw forget and retain pictures, before and after each method"
    _add_places(options.add_command(group, "pictures", pictures, told))


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True, help="plan, YAML (required)")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("runs/bench"),
        help="folder of sets and models, which may be deleted afterwards (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results"),
        help="folder to write to (default: %(default)s)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="the plan's shorter settings (default: its full ones)"
    )


def table(given: argparse.Namespace) -> int:
    """Measure and write tables."""
    from efface.bench.cell import Bench
    from efface.bench.plan import read_plan
    from efface.bench.tables import TABLES, find_table
    from efface.bench.writing import measure

    names = list(TABLES) if given.name == "all" else [given.name]
    entries = {name: find_table(name) for name in names}
    bench = Bench(read_plan(given.plan), given.work, quick=given.quick)
    for name, entry in entries.items():
        for path in measure(bench, name, entry, given.out, given.plan):
            print(path)
    return 0


def calibrate(given: argparse.Namespace) -> int:
    """Calibrate the gate."""
    from efface.bench.calibrating import calibrate
    from efface.bench.calibration_page import write_calibration
    from efface.bench.cell import Bench
    from efface.bench.plan import read_plan

    found = calibrate(Bench(read_plan(given.plan), given.work, quick=given.quick), given.seeds)
    quick = " --quick" if given.quick else ""
    command = f"efface {CALIBRATE} --plan {given.plan} --seeds {given.seeds}{quick}"
    for path in write_calibration(found, given.out, command):
        print(path)
    return 0


def pictures(given: argparse.Namespace) -> int:
    """Paint and write pictures."""
    from efface.bench.cell import Bench
    from efface.bench.pictures import write_pictures
    from efface.bench.plan import read_plan

    for path in write_pictures(
        Bench(read_plan(given.plan), given.work, quick=given.quick), given.out
    ):
        print(path)
    return 0
