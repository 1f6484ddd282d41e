"""Deleting a TrainJob: by its launcher, else by the end of its run."""

import logging
import time
from pathlib import Path

from efface.cluster.kubernetes_api import connect
from efface.cluster.trainjob import name_of
from efface.cluster.trainjob_api import TrainJobs
from efface.errors import InfrastructureError
from efface.settings import read_settings

log = logging.getLogger(__name__)

LEAVING = 90.0
"""Seconds to wait for a deleted TrainJob to be gone: its pods save their state."""
EVERY = 1.0
"""Seconds between two looks."""
NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def trainjobs_here() -> TrainJobs:
    """The TrainJobs of the namespace that this pod is in."""
    return TrainJobs(connect(in_cluster=True), NAMESPACE.read_text().strip())


def remove(jobs: TrainJobs, name: str) -> bool:
    """Delete a TrainJob and wait until its pods have ended; False when they take too long."""
    jobs.delete(name)
    until = time.monotonic() + LEAVING
    while jobs.get(name) is not None:
        if time.monotonic() > until:
            log.warning("trainjob=%s deleted=yes gone=no", name)
            return False
        time.sleep(EVERY)
    log.info("trainjob=%s gone=yes", name)
    return True


def remove_left_over(run_id: str) -> None:
    """Delete the TrainJob of a run that is over, where its launcher was killed before it could.

    Raises:
        InputError: this identity may not.
        InfrastructureError: the Kubernetes API fails, or the pods do not end.
    """
    if not read_settings().in_cluster:
        return
    jobs, name = trainjobs_here(), name_of(run_id)
    if jobs.get(name) is None:
        return
    log.warning("trainjob=%s left_over=yes run=%s", name, run_id)
    if not remove(jobs, name):
        raise InfrastructureError(
            f"TrainJob {name} is deleted, but its pods still run after {LEAVING:.0f} s and may "
            "write copies: settle again when they are gone"
        )
