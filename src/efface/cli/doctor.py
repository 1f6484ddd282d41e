"""``efface doctor``: is this cluster ready for efface, and if not, what to do?"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from efface.cli import cluster, options

if TYPE_CHECKING:
    from rich.table import Table

    from efface.cli.options import Commands
    from efface.cluster.checks.place import Row

TEXT = (
    "check a cluster: API and rights, extensions, Kubeflow Pipelines, secrets, GPUs, storage, "
    "MLflow; exit 0 when nothing failed, 4 otherwise"
)
COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "bright_black"}


def add_command(commands: "Commands") -> None:
    """Add ``doctor``."""
    parser = options.add_command(commands, "doctor", doctor, TEXT)
    parser.add_argument(
        "--workspace",
        default="",
        help="place that the tasks share, which is written, read and cleaned: "
        "s3://bucket/prefix (default: storage is not looked at)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON (default: a table)")
    cluster.add_address(parser)


def doctor(given: argparse.Namespace) -> int:
    """Examine."""
    from efface.cluster.checks.place import Place
    from efface.cluster.doctor import examine, exit_code

    settings = cluster.settings_of(given)
    client = cluster.cluster_of(settings, given.context)
    rows = list(examine(Place(settings=settings, cluster=client, workspace=given.workspace)))
    if given.json:
        print(json.dumps([row.as_json() for row in rows], indent=2))
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else 160).print(draw(rows))
    return exit_code(rows)


def draw(rows: "list[Row]") -> "Table":
    """The table."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "state", "found", "what to do", box=SIMPLE)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for row in rows:
        state = Text(row.finding.state, style=COLOURS[row.finding.state])
        table.add_row(row.check, state, Text(row.finding.found), Text(row.finding.to_do))
    return table
