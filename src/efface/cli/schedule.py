"""``efface schedule``: a recurring run of the pipeline, of which there is one of each name."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from efface.cli import cluster, options

if TYPE_CHECKING:
    from efface.cli.options import Commands
    from efface.settings import Settings

TEXT = (
    "make a recurring run: one at a time, none caught up. Applied twice it changes nothing; with "
    "another cron or other parameters it takes the place of the one with the same name"
)


def add_command(commands: "Commands") -> None:
    """Add ``schedule``."""
    parser = options.add_command(commands, "schedule", schedule, TEXT)
    verbs = parser.add_mutually_exclusive_group(required=True)
    verbs.add_argument(
        "--cron",
        help="six fields, the second first, in the time zone of KFP, such as '0 0 2 * * *' for "
        "every night at two (default: none)",
    )
    verbs.add_argument("--delete", metavar="NAME", help="delete this one (default: none)")
    verbs.add_argument(
        "--list", action="store_true", help="print those that efface made (default: not)"
    )
    parser.add_argument(
        "--name", default="efface", help="name of the recurring run (default: %(default)s)"
    )
    cluster.add_graph(parser)
    cluster.add_address(parser)


def schedule(given: argparse.Namespace) -> int:
    """Apply, delete or list."""
    settings = cluster.settings_of(given)
    if given.list:
        return _list(settings)
    if given.delete is not None:
        return _delete(settings, given.delete)
    return _apply(settings, given)


def _apply(settings: "Settings", given: argparse.Namespace) -> int:
    from efface.cluster.cron import check_cron
    from efface.cluster.experiments import find_experiment
    from efface.cluster.kfp_names import check_title
    from efface.cluster.scheduling import Wanted, apply
    from efface.cluster.uploading import upload

    check_title("schedule", given.name)
    cron = check_cron(given.cron)
    graph, parameters = cluster.graph_of(given)
    kfp = cluster.kfp_of(settings)
    experiment_id = find_experiment(kfp, given.experiment)
    wanted = Wanted(
        name=given.name,
        cron=cron,
        version=upload(kfp, graph),
        experiment_id=experiment_id,
        parameters=parameters,
        service_account=given.service_account,
    )
    done = apply(kfp, wanted)
    print(f"schedule {wanted.name} {done.word}: {cron}, version {wanted.version.name}")
    if done.paused:
        print("it is switched off in Kubeflow Pipelines and stays so: switch it on there")
    return 0


def _delete(settings: "Settings", name: str) -> int:
    from efface.cluster.scheduling import delete

    delete(cluster.kfp_of(settings), name)
    print(f"schedule {name} deleted; a run that it has begun goes on to its end")
    return 0


def _list(settings: "Settings") -> int:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from efface.cluster.scheduling import every

    table = Table("name", "cron", "state", "pipeline version", "made", box=SIMPLE)
    for run in every(cluster.kfp_of(settings)):
        table.add_row(*_cells(run))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table if table.row_count else "no schedule")
    return 0


def _cells(run: Any) -> tuple[str, ...]:
    from efface.cluster.scheduling import is_paused

    cron = run.trigger.cron_schedule.cron if run.trigger and run.trigger.cron_schedule else ""
    version = run.pipeline_version_reference
    made = f"{run.created_at:%Y-%m-%d %H:%M}" if run.created_at else ""
    state = "off" if is_paused(run) else "on"
    return run.display_name, cron, state, version.pipeline_version_id if version else "", made
