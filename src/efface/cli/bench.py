"""``efface bench``: methods measured against each other, as tables and pictures."""

import argparse
from typing import TYPE_CHECKING

from efface.cli import options, plans

if TYPE_CHECKING:
    from efface.cli.options import Commands

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
    plans.add_places(parser)
    told = "draw forget and retain pictures, before and after each method"
    plans.add_places(options.add_command(group, "pictures", pictures, told))


def table(given: argparse.Namespace) -> int:
    """Measure and write tables."""
    from efface.bench.tables import TABLES, find_table
    from efface.bench.writing import measure

    names = list(TABLES) if given.name == "all" else [given.name]
    entries = {name: find_table(name) for name in names}
    bench = plans.open_bench(given)
    for name, entry in entries.items():
        command = plans.command_of(given, f"bench table {name}")
        file = plans.file_of(given, name)
        for path in measure(bench, entry, given.out, file=file, command=command):
            print(path)
    return 0


def pictures(given: argparse.Namespace) -> int:
    """Paint and write pictures."""
    from efface.bench.pictures import write_pictures

    bench, prefix = plans.open_bench(given), "quick-" if given.quick else ""
    for path in write_pictures(bench, given.out, prefix=prefix):
        print(path)
    return 0
