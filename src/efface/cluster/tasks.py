"""What KFP's record of a run says about its tasks, and what that means: pure functions.

KFP's ``task_details`` are the nodes of the Argo workflow: every task of the graph, and beside it
its driver, its pods, and the groups that tasks are in. A task that a condition left out has none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from efface.errors import BlockedError, InfrastructureError

RUNNING = ("PENDING", "RUNNING", "CANCELING", "PAUSED", "RUNTIME_STATE_UNSPECIFIED", None)
"""States that a run does not end in."""
NOT_BEGUN = ("SKIPPED", "RUNTIME_STATE_UNSPECIFIED", None)
"""States of a task whose turn did not come. KFP has no word for one that Argo omitted, because what
it waits for has failed, and leaves its state out."""
DRIVER = "-driver"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task of the graph, with all its repetitions in a loop."""

    name: str
    title: str
    """What people call it."""
    state: str
    """running, done or failed."""
    count: int
    """How many of it have begun."""
    done: int
    """How many of them are done."""
    seconds: float
    """From the first one's begin to the last one's end, as far as they have ended."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    word: str
    """passed, blocked, nothing due, failed or cancelled."""
    exit_code: int
    reason: str
    """What to tell, one sentence."""


JUDGED = {
    "register": Outcome(
        word="passed", exit_code=0, reason="the new model is registered as candidate"
    ),
    "refuse": Outcome(
        word="blocked",
        exit_code=BlockedError.exit_code,
        reason="the gate said no: its summary and the page hold the reasons",
    ),
    "idle": Outcome(word="nothing due", exit_code=0, reason="no model was touched"),
}
"""Task that is done -> what that says about a run that went through."""


def read_tasks(run: Any, titles: dict[str, str]) -> list[Task]:
    """The tasks that have begun, in the order of their begin.

    Args:
        run: KFP's record of the run.
        titles: Task -> title, of the graph.
    """
    by_title = {title: name for name, title in titles.items()}
    found: dict[str, list[Any]] = {}
    for detail in sorted(_details(run), key=lambda d: (d.start_time is None, str(d.start_time))):
        said = detail.display_name or ""
        name = by_title.get(said, said)
        driver = name.removesuffix(DRIVER)
        if detail.state in NOT_BEGUN:
            continue
        if name in titles:
            found.setdefault(name, []).append(detail)
        elif driver in titles and detail.state == "FAILED":
            found.setdefault(driver, []).append(detail)
    return [_task(name, titles[name], nodes) for name, nodes in found.items()]


def is_over(run: Any) -> bool:
    """Whether nothing of a run goes on."""
    return run.state not in RUNNING


def outcome_of(run: Any, tasks: Iterable[Task]) -> Outcome:
    """What a run that is over came to.

    A run is judged only when all of it went well: a model that was registered by a run whose
    tickets were not settled is a failure to look at.
    """
    tasks = list(tasks)
    states = {task.name: task.state for task in tasks}
    if run.state == "SUCCEEDED":
        words = [JUDGED[name] for name in JUDGED if states.get(name) == "done"]
        if len(words) == 1:
            return words[0]
        said = "no task" if not words else "more than one task"
        return _failed(f"{said} of {', '.join(JUDGED)} is done: look at the run in KFP")
    if run.state in ("CANCELED", "SKIPPED"):
        told = "it was ended by someone, or by its time limit: submit it again"
        return Outcome(word="cancelled", exit_code=InfrastructureError.exit_code, reason=told)
    broken = [task.title for task in tasks if task.state == "failed"]
    said = getattr(run.error, "message", "") or ""
    where = f"failed: {', '.join(broken)}" if broken else "no task says why"
    return _failed(f"{where}{f' ({said})' if said else ''}: look at its log in KFP")


def _failed(reason: str) -> Outcome:
    return Outcome(word="failed", exit_code=InfrastructureError.exit_code, reason=reason)


def _details(run: Any) -> list[Any]:
    return list(getattr(run.run_details, "task_details", None) or [])


def _task(name: str, title: str, nodes: list[Any]) -> Task:
    states = [_state(node.state) for node in nodes]
    state = next((s for s in ("failed", "running") if s in states), "done")
    begin = min((n.start_time for n in nodes if n.start_time), default=None)
    ends = [node.end_time for node in nodes if node.end_time and begin and node.end_time > begin]
    return Task(
        name=name,
        title=title,
        state=state,
        count=len(nodes),
        done=states.count("done"),
        seconds=(max(ends) - begin).total_seconds() if begin and ends else 0.0,
    )


def _state(word: str | None) -> str:
    if word in ("FAILED", "CANCELED"):
        return "failed"
    return "done" if word == "SUCCEEDED" else "running"
