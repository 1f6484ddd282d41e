"""What the commands share that run a plan of the bench: their options, and the bench itself."""

import argparse
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from efface.cli import options
from efface.errors import InputError

if TYPE_CHECKING:
    from efface.bench.cell import Bench


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the plan, the folders, and what part of the plan is run."""
    kept = "what is done is kept in --work, and the same command goes on"
    parser.set_defaults(after_interrupt=f": {kept}")
    parser.add_argument(
        "--plan", type=options.path_word, required=True, help="plan, YAML (required)"
    )
    parser.add_argument(
        "--work",
        type=options.path_word,
        default=Path("runs/bench"),
        help="folder of sets and models, which may be deleted afterwards (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=options.path_word,
        default=Path("runs/results"),
        help="folder to write to; files of the same name are replaced (default: %(default)s)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the shorter settings under `quick` in the plan (default: its full ones)",
    )
    for name in ("model", "ticket"):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            help=f"{name} of the plan; may be repeated (default: all)",
        )


def open_bench(given: argparse.Namespace) -> "Bench":
    """The bench of a plan, or of the part of it that is asked for.

    Raises:
        InputError: the plan is not what it should be, or a folder cannot be written to.
        ConfigError: a quick run of a plan that does not say what is shorter.
    """
    from efface.bench.cell import Bench
    from efface.bench.plan import narrowed, need_quick, read_plan

    plan = read_plan(given.plan)
    if given.quick:
        need_quick(plan)
    plan = narrowed(plan, models=given.model, tickets=given.ticket)
    for folder in (given.work, given.out):
        _need_folder(folder)
    return Bench(plan, given.work, quick=given.quick)


def file_of(given: argparse.Namespace, name: str) -> str:
    """Part of a plan, or a quick run, never replaces the files of the whole."""
    return "-".join([*(["quick"] if given.quick else []), name, *given.model, *given.ticket])


def command_of(given: argparse.Namespace, words: str) -> str:
    """What a reader types to get the same."""
    plan = shlex.quote(str(given.plan))
    parts = [f"efface {words} --plan {plan}", *(["--quick"] if given.quick else [])]
    for name in ("model", "ticket"):
        parts += [f"--{name} {shlex.quote(value)}" for value in getattr(given, name)]
    return " ".join(parts)


def _need_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder} is no folder to write to ({error.strerror}): name another"
        ) from None
