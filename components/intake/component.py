"""The intake component: claim the due tickets and find the images they are about."""

from kfp import dsl

from components.images import CORE


@dsl.component(base_image=CORE, install_kfp_package=False)
def intake(
    tickets: str,
    dataset: str,
    run_id: str,
    workspace: str,
    batch: dsl.Output[dsl.Dataset],
    numbers: dsl.Output[dsl.Metrics],
) -> int:
    """Claim the tickets that are due and turn their subjects into samples.

    Args:
        tickets: Place that holds the deletion tickets, a folder or s3://bucket/prefix.
        dataset: Place of the dataset that the model in service was trained on.
        run_id: Name of this run; two runs never claim the same ticket.
        workspace: Place that the tasks of a run share.
        batch: The claimed tickets with hashed subjects, and the ids of the samples to forget.
        numbers: Name of the batch, and how many tickets and images are in it.

    Returns:
        How many tickets this run has to work on; 0 when nothing is due.
    """
    from pathlib import Path

    from efface.steps import intake, show, task

    due = task.call(
        intake.run,
        tickets=tickets,
        dataset=dataset,
        run_id=run_id,
        workspace=workspace,
        out=Path(batch.path),
    )
    numbers.metadata.update(show.batch_facts(Path(batch.path)))
    return due
