"""The settle component: the exit task of every run."""

from kfp import dsl

from components.images import CORE


@dsl.component(base_image=CORE, install_kfp_package=False)
def settle(tickets: str, run_id: str, workspace: str) -> None:
    """Answer the tickets and delete the run's private copies, however the run ended.

    How it ended is read from what the steps left, not from ``dsl.PipelineTaskFinalStatus``: KFP
    2.17 cannot compute that once a driver was tried again, and then never starts the task.

    Args:
        tickets: Place that holds the deletion tickets.
        run_id: Name of this run.
        workspace: Place that the tasks of a run share.
    """
    from efface.steps import settle, task

    task.call(settle.run, tickets=tickets, run_id=run_id, workspace=workspace)
