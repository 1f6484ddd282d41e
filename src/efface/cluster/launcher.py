"""Training on several nodes: a TrainJob of Kubeflow Trainer, created, followed, and deleted.

The launcher is the unlearn step itself. It puts the inputs into the exchange
(``<workspace>/<run id>/exchange``), creates the TrainJob under a name made of the run id, and takes
the model out when it is complete. Killed and started again it finds the TrainJob and goes on
following it. A launcher deletes its TrainJob if it can, else ``settle`` does (``removal``), else it
goes with the Argo workflow that owns it, or ends at ``node_timeout``.
"""

import logging
import threading
import time
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from efface.cluster import trainjob
from efface.cluster.amounts import wrong_amount
from efface.cluster.names import check_name
from efface.cluster.node_log import NodeLog
from efface.cluster.removal import remove, trainjobs_here
from efface.cluster.trainjob_api import TrainJobs
from efface.cluster.travelling import fetch_model, send_job
from efface.errors import ConfigError, InfrastructureError
from efface.settings import read_settings
from efface.storage import Store, open_store
from efface.training.answers import (
    FAILED,
    final_failure,
    preempted,
    read_failure,
    read_outcome,
)
from efface.training.job import Job
from efface.training.loop import Outcome
from efface.training.sigterm import heard_by
from efface.training.spread import Spread

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks at the TrainJob."""
SILENCE = 12
"""Looks in a row that may fail, for an API server that is restarted."""


def train_on_nodes(job: Job, spread: Spread, *, run_id: str) -> Outcome:
    """Train on several nodes and bring the unlearned model here.

    Raises:
        ConfigError: not in a pod, a workspace that nodes cannot share, or too small a batch.
        InputError: this identity may not, or what the training refused.
        InfrastructureError: the TrainJob failed, or took too long.
        PreemptedError: SIGTERM came; the TrainJob is deleted, its state saved.
    """
    settings = read_settings()
    _check_nodes(spread)
    spread.check_batch(job.settings.batch_size, spread.nodes * spread.processes_of_node)
    if not settings.in_cluster:
        raise ConfigError(
            f"nodes is {spread.nodes}, and this is no Kubernetes pod: submit the pipeline to a "
            "cluster, or use nodes=1 and processes=N here"
        )
    if not job.state.startswith("s3://"):
        raise ConfigError(
            f"nodes is {spread.nodes}, and the workspace {job.state} is a local folder that nodes "
            "do not share: use an s3:// workspace"
        )
    return Launcher(trainjobs_here(), spread, run_id, settings.pod).train(job)


def _check_nodes(spread: Spread) -> None:
    """Refuse what Kubernetes would refuse of the nodes, before anything is sent to them."""
    for name, like in (("node_memory", "memory"), ("node_gpu_type", "gpu_type")):
        if told := wrong_amount(name, getattr(spread, name), like=like):
            raise ConfigError(f"method setting {told}")
    for name in ("runtime", *(["queue"] if spread.queue else [])):
        check_name(f"method setting {name}", getattr(spread, name))


class Launcher:
    """One TrainJob, from creation to deletion."""

    def __init__(self, jobs: TrainJobs, spread: Spread, run_id: str, pod: str) -> None:
        """Do nothing yet.

        Args:
            jobs: TrainJobs of the namespace.
            spread: nodes, and what each has.
            run_id: the run.
            pod: name of the launcher's own pod.
        """
        self.jobs, self.spread, self.run_id, self.pod = jobs, spread, run_id, pod
        self.name = trainjob.name_of(run_id)
        self.deadline = time.monotonic() + spread.node_timeout
        self.stop = threading.Event()

    def train(self, job: Job) -> Outcome:
        """Create or adopt, follow, bring the model here, delete."""
        place = f"{job.state}/exchange"
        exchange = open_store(place)
        with heard_by(self._hear):
            own = trainjob.own_of(self.jobs.pod(self.pod))
            wanted = trainjob.build(self.run_id, job.identity, place, self.spread, own)
            if not self._adopted(wanted):
                send_job(job, exchange)
                self._create(wanted)
            try:
                failure = self._follow(exchange)
            finally:
                remove(self.jobs, self.name)
            if self.stop.is_set():
                raise preempted(exchange)
            outcome = read_outcome(exchange)
            if failure or not outcome:
                raise read_failure(exchange) if exchange.list(FAILED) else failure or _silent(self)
            fetch_model(exchange, job)
        return outcome

    def _adopted(self, wanted: dict[str, Any]) -> bool:
        """Whether a TrainJob of a former attempt goes on; one that ended badly is removed."""
        found = self.jobs.get(self.name)
        if found is None:
            return False
        if not trainjob.is_ours(found, wanted):
            notes = found["metadata"].get("annotations") or {}
            raise InfrastructureError(
                f"TrainJob {self.name} exists and is not of this work (run "
                f"{notes.get(trainjob.RUN)}, not {self.run_id} with these settings): delete it, or "
                "use another run id"
            )
        if trainjob.is_leaving(found) or trainjob.failure_of(found):
            remove(self.jobs, self.name)
            return False
        log.info("trainjob=%s adopted=yes", self.name)
        return True

    def _create(self, wanted: dict[str, Any]) -> None:
        if self.jobs.create(wanted):
            log.info("trainjob=%s created=yes nodes=%d", self.name, self.spread.nodes)
        elif not self._adopted(wanted):
            raise InfrastructureError(
                f"TrainJob {self.name} appeared and failed at once: run again under the same run id"
            )

    def _follow(self, exchange: Store) -> InfrastructureError | None:
        """Wait for the end; gives what Kubernetes says of a failure.

        What no attempt of JobSet can mend is raised as soon as a node has said it.
        """
        said, told, failed = NodeLog(lambda since: self.jobs.log(self.name, since)), "", 0
        while not self.stop.wait(EVERY):
            if time.monotonic() > self.deadline:
                raise InfrastructureError(
                    f"TrainJob {self.name} was not done after {self.spread.node_timeout} s "
                    f"({told or 'its pods ran'}) and is deleted; its training state is kept: run "
                    "again under the same run id, or with a longer node_timeout"
                )
            if refusal := final_failure(exchange):
                raise refusal
            try:
                found = self.jobs.get(self.name)
                for line in said.new_lines():
                    log.info("node=0 %s", line)
                told = self._tell_once(told)
                failed = 0
            except InfrastructureError as error:
                failed += 1
                if failed > SILENCE:
                    raise
                log.warning("trainjob=%s look=failed %s", self.name, error)
                continue
            if found is None:
                return InfrastructureError(
                    f"TrainJob {self.name} was deleted by somebody else; run again under the same "
                    "run id, it goes on where it was"
                )
            if trainjob.is_complete(found):
                return None
            if failure := trainjob.failure_of(found, told):
                return failure
        return None

    def _tell_once(self, told: str) -> str:
        troubles = "; ".join(self.jobs.troubles(self.name, datetime.now(UTC)))
        if troubles and troubles != told:
            log.warning("trainjob=%s %s", self.name, troubles)
        return troubles

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Take SIGTERM as a wish to stop."""
        self.stop.set()


def _silent(launcher: Launcher) -> InfrastructureError:
    return InfrastructureError(
        f"TrainJob {launcher.name} is complete, but left no outcome: look at its log above, and "
        "whether nodes and launcher have the same image"
    )
