"""MLflow runs: a new one for each run of efface, or the one that a pipeline server has started."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from efface.errors import InputError
from efface.registry.connection import artifact_root, checked_address, is_absent

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


@contextmanager
def mlflow_run(
    client: "MlflowClient", *, registry: str, name: str, run_name: str, resume: str = ""
) -> Iterator[str]:
    """Start or resume a run and give its id; it ends FINISHED, or FAILED when the body raises.

    Args:
        client: from ``connected``.
        registry: MLflow tracking address.
        name: registered model; its runs are in the experiment ``efface/NAME``.
        run_name: what the run is called in MLflow.
        resume: id of a run to go on with, such as the one that Kubeflow Pipelines made; empty for
            a new one.

    Raises:
        InputError: there is no run ``resume``.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    if resume:
        try:
            client.get_run(resume)
        except MlflowException as error:
            if not is_absent(error):
                raise
            raise InputError(
                f"MLFLOW_RUN_ID is {resume!r}, which this registry does not hold: "
                "unset it, or correct the registry"
            ) from None
        started = mlflow.start_run(run_id=resume)
    else:
        experiment = _experiment(client, f"efface/{name}", registry)
        started = mlflow.start_run(experiment_id=experiment, run_name=run_name)
    with started:
        logger.info("event=mlflow_run id=%s resumed=%s", started.info.run_id, bool(resume))
        yield str(started.info.run_id)


def upload(client: "MlflowClient", run_id: str, files: dict[str, Path], folder: str) -> None:
    """Upload text files, under the names given, into a folder of a run's artifacts."""
    for name, path in files.items():
        client.log_text(run_id, path.read_text(), f"{folder}/{name}")


def record(
    client: "MlflowClient", run_id: str, scores: dict[str, float], tags: dict[str, str]
) -> None:
    """Add scores and tags to a run."""
    from mlflow.entities import Metric, RunTag

    now = int(time.time() * 1000)
    # MLflow takes a thousand metrics at a time.
    names = list(scores)
    for start in range(0, len(names), 1000):
        batch = [Metric(name, scores[name], now, 0) for name in names[start : start + 1000]]
        client.log_batch(run_id, metrics=batch)
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])


def _experiment(client: "MlflowClient", name: str, registry: str) -> str:
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name, artifact_root(checked_address(registry))))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # Another run made it between the two calls.
    return str(client.get_experiment_by_name(name).experiment_id)
