"""``efface submit``: a run of the pipeline on a cluster, followed to its verdict."""

import argparse
from typing import TYPE_CHECKING

from efface.cli import cluster, options

if TYPE_CHECKING:
    from rich.console import Console

    from efface.cli.options import Commands
    from efface.cluster.kfp_api import KfpApi
    from efface.settings import Settings

TEXT = (
    "upload the pipeline to Kubeflow Pipelines, run it there, follow it, and exit by the verdict: "
    "0 passed or nothing due, 3 blocked, 4 the run or a service failed, 2 bad input, found before "
    "anything is run"
)
EVERY = 5.0
"""Seconds between two looks at a run."""


def add_command(commands: "Commands") -> None:
    """Add ``submit``."""
    parser = options.add_command(commands, "submit", submit, TEXT)
    cluster.add_graph(parser)
    parser.add_argument("--run-name", default="", help="name of the run (default: from the time)")
    parser.add_argument(
        "--ui", default="", help="address of KFP's page, for links (default: that of --host)"
    )
    parser.add_argument(
        "--no-follow", action="store_true", help="end once the run has begun (default: follow it)"
    )
    parser.add_argument(
        "--timeout",
        type=cluster.seconds,
        help="end with 4 after this time, such as 90m; the run goes on (default: never)",
    )
    cluster.add_address(parser)


def submit(given: argparse.Namespace) -> int:
    """Submit, and follow."""
    settings = cluster.settings_of(given)
    graph, parameters = cluster.graph_of(given)
    from efface.cluster.experiments import find_experiment
    from efface.cluster.kfp_names import check_title
    from efface.cluster.running import create_run, link_to
    from efface.cluster.uploading import upload

    if given.run_name:
        check_title("run", given.run_name)
    kfp = cluster.kfp_of(settings)
    experiment_id = find_experiment(kfp, given.experiment)
    version = upload(kfp, graph)
    print(f"version {version.name} ({'new' if version.new else 'already there'})")
    run_id = create_run(
        kfp,
        version,
        experiment_id=experiment_id,
        name=given.run_name,
        parameters=parameters,
        service_account=given.service_account,
    )
    link = link_to(given.ui or kfp.host, run_id)
    print(f"run {run_id}: {link}", flush=True)
    if given.no_follow:
        return 0
    return _follow(kfp, run_id, graph.titles, link, given=given, settings=settings)


def _follow(
    kfp: "KfpApi",
    run_id: str,
    titles: dict[str, str],
    link: str,
    *,
    given: argparse.Namespace,
    settings: "Settings",
) -> int:
    """Show a run to its end, print what it came to, and give the exit code."""
    from efface.cluster.following import Follower
    from efface.cluster.tasks import outcome_of, read_tasks
    from efface.cluster.views import view_on

    with view_on(_console()) as view:
        follower = Follower(
            kfp=kfp,
            titles=titles,
            view=view,
            cluster=cluster.cluster_of(settings, given.context),
            namespace=settings.kfp_namespace,
            every=EVERY,
            timeout=given.timeout,
        )
        try:
            run = follower.follow(run_id)
            outcome = outcome_of(run, read_tasks(run, titles))
            if outcome.word == "failed":
                follower.tell_failures(run)
        except KeyboardInterrupt:
            view.warn(f"the run goes on in the cluster: {link}")
            raise
    print(f"{outcome.word}: {outcome.reason}\n{link}")
    return outcome.exit_code


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
