"""Following a run until it is over: what changed, and why nothing does."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from efface.cluster.kfp_api import KfpApi
from efface.cluster.pods import Waiting, read_last_words, read_waiting
from efface.cluster.tasks import DRIVER, Task, is_over, read_tasks
from efface.errors import EffaceError, InfrastructureError

logger = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds that KFP may be away, as when it restarts, before following is given up."""
LOOK_AT_PODS = 20.0
"""Seconds between two looks at pods that may not start."""


class View(Protocol):
    """Where progress is shown."""

    def show(self, tasks: list[Task]) -> None:
        """Show the state of every task so far."""

    def warn(self, text: str) -> None:
        """Show one sentence that stays."""


@dataclass(kw_only=True)
class Follower:
    """What following a run needs."""

    kfp: KfpApi
    titles: dict[str, str]
    """Task -> title, of the graph."""
    view: View
    cluster: Callable[[], Any]
    """Gives a client of the Kubernetes API, or raises."""
    namespace: str
    """Where the run's pods are."""
    every: float = 5.0
    """Seconds between two looks at the run."""
    timeout: float | None = None
    """Seconds after which following ends, and the run goes on; None: never."""
    _told: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, run_id: str) -> Any:
        """Show a run until it is over, and give KFP's record of it.

        Raises:
            InfrastructureError: it took longer than ``timeout``, or KFP is away for too long.
        """
        begin = seen = time.monotonic()
        looked = begin - LOOK_AT_PODS
        while True:
            try:
                run = self.kfp.call("RunService", "run_service_get_run", run_id)
                seen = time.monotonic()
                self.view.show(read_tasks(run, self.titles))
                if is_over(run):
                    return run
            except EffaceError as error:  # InputError: a token that has expired
                if time.monotonic() - seen > PATIENCE:
                    raise InfrastructureError(
                        f"run {run_id} goes on, but cannot be followed: {error}"
                    ) from error
                logger.warning("run=%s look=failed reason=%s", run_id, error)
            if time.monotonic() - looked >= LOOK_AT_PODS:
                looked = time.monotonic()
                self._look_at_pods(run_id)
            if self.timeout is not None and time.monotonic() - begin + self.every > self.timeout:
                raise InfrastructureError(
                    f"run {run_id} is not over after {self.timeout:.0f} s: it goes on in the "
                    "cluster; give a longer --timeout, or end it in KFP"
                )
            time.sleep(self.every)

    def tell_failures(self, run: Any) -> None:
        """Show what the pods of failed tasks said last, where Kubernetes can be asked."""
        failed = {task.name for task in read_tasks(run, self.titles) if task.state == "failed"}
        try:
            words = read_last_words(self.cluster(), self.namespace, run.run_id)
        except EffaceError as error:
            logger.warning("run=%s logs=unread reason=%s", run.run_id, error)
            return
        for task, said in words.items():
            if task.removesuffix(DRIVER) in failed:
                self.view.warn(f"{task} said: {said}")

    def _look_at_pods(self, run_id: str) -> None:
        try:
            waiting = read_waiting(self.cluster(), self.namespace, run_id, datetime.now(UTC))
        except EffaceError as error:
            self._tell("", "pods", f"if a task does not start, KFP alone knows why: {error}")
            return
        for pod in waiting:
            self._tell(pod.pod, pod.reason, describe(pod))

    def _tell(self, pod: str, reason: str, text: str) -> None:
        if (pod, reason) not in self._told:
            self._told.add((pod, reason))
            self.view.warn(text)


def describe(pod: Waiting) -> str:
    """Why a pod waits, and what to do."""
    word = f"{pod.reason}: " if pod.reason else ""
    said = f"{word}{pod.message}".rstrip(".")
    return f"{pod.task} waits {pod.seconds:.0f} s for its pod. {said}. To do: {pod.to_do}."
