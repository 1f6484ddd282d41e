"""``efface bench``: methods measured against each other, as tables and pictures."""

import argparse
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from efface.cli import options
from efface.errors import InputError

if TYPE_CHECKING:
    from efface.bench.cell import Bench
    from efface.cli.options import Commands

CALIBRATE = "gate calibrate"
"""Two words, as a user gives them."""
TABLE_NAMES = (
    "methods", "frontier", "alpha", "retain", "subjects", "noise", "masks", "repeated", "cost",
)  # fmt: skip
"""Those of ``efface.bench.tables``, for the help, which does not load torch."""


def add_command(commands: "Commands") -> None:
    """Add ``bench table`` and ``bench pictures``."""
    text = "measure methods against each other"
    group = commands.add_parser("bench", help=text, description=text).add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    told = "run what a table needs and write it; the same command goes on where it was stopped"
    parser = options.add_command(group, "table", table, told)
    parser.add_argument("name", help=f"all, or one of {', '.join(TABLE_NAMES)} (required)")
    _add_places(parser)
    told = "how often the gate errs on runs whose answer is known, and where thresholds belong"
    calibration = options.add_command(commands, CALIBRATE, calibrate, told)
    calibration.add_argument(
        "--seeds", type=int, default=20, help="runs of each kind (default: %(default)s)"
    )
    calibration.add_argument(
        "--first-seed",
        type=int,
        default=0,
        help="the first of them; thresholds are tried on seeds that they were not chosen with "
        "(default: %(default)s)",
    )
    calibration.add_argument(
        "--good", default="i2i", help="method of the plan that should pass (default: %(default)s)"
    )
    _add_places(calibration)
    told = "draw forget and retain pictures, before and after each method"
    _add_places(options.add_command(group, "pictures", pictures, told))


def _add_places(parser: argparse.ArgumentParser) -> None:
    kept = "what is done is kept in --work, and the same command goes on"
    parser.set_defaults(after_interrupt=f": {kept}")
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
    for name in ("model", "ticket"):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            help=f"{name} of the plan; may be repeated (default: all)",
        )


def _bench(given: argparse.Namespace) -> "Bench":
    from efface.bench.cell import Bench
    from efface.bench.plan import narrowed, read_plan

    for folder in (given.work, given.out):
        _need_folder(folder)
    plan = narrowed(read_plan(given.plan), models=given.model, tickets=given.ticket)
    return Bench(plan, given.work, quick=given.quick)


def _need_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder} is no folder to write to ({error.strerror}): name another"
        ) from None


def _file(given: argparse.Namespace, name: str) -> str:
    """Part of a plan, or a quick run, never replaces the files of the whole."""
    return "-".join([*(["quick"] if given.quick else []), name, *given.model, *given.ticket])


def _command(given: argparse.Namespace, words: str) -> str:
    """What a reader types to get the same."""
    parts = [f"efface {words} --plan {given.plan}", *(["--quick"] if given.quick else [])]
    for name in ("model", "ticket"):
        parts += [f"--{name} {value}" for value in getattr(given, name)]
    return " ".join(parts)


def table(given: argparse.Namespace) -> int:
    """Measure and write tables."""
    from efface.bench.tables import TABLES, find_table
    from efface.bench.writing import measure

    names = list(TABLES) if given.name == "all" else [given.name]
    entries = {name: find_table(name) for name in names}
    bench = _bench(given)
    for name, entry in entries.items():
        command = _command(given, f"bench table {name}")
        for path in measure(bench, entry, given.out, file=_file(given, name), command=command):
            print(path)
    return 0


def calibrate(given: argparse.Namespace) -> int:
    """Calibrate the gate."""
    from efface.bench.calibrating import calibrate
    from efface.bench.calibration_page import write_calibration

    first = given.first_seed
    bench = _bench(given)
    found = calibrate(bench, range(first, first + given.seeds), given.good)
    seeds = f"--seeds {given.seeds}" + (f" --first-seed {first}" if first else "")
    command = _command(given, f"{CALIBRATE} {seeds} --good {shlex.quote(given.good)}")
    file = _file(given, f"calibration-from-{first}" if first else "calibration")
    words = {"file": file, "command": command, "trained": bench.trained}
    for path in write_calibration(found, given.out, **words):
        print(path)
    return 0


def pictures(given: argparse.Namespace) -> int:
    """Paint and write pictures."""
    from efface.bench.pictures import write_pictures

    for path in write_pictures(_bench(given), given.out, prefix="quick-" if given.quick else ""):
        print(path)
    return 0
