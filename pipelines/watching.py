"""What the steps of a local run say about themselves, read from the folder ``EFFACE_PROGRESS``."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

MARKS = {"done": "[green]done", "running": "[cyan]running", "failed": "[red]failed"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the graph, with all its tasks so far."""

    name: str
    state: str
    """running, done or failed."""
    tasks: int
    """How many tasks have started."""
    done: int
    """How many of them are done."""
    seconds: float
    """From the first task's start to the last one's end, as far as it is known."""


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A long loop within a running task."""

    label: str
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run broke."""

    step: str
    message: str
    exit_code: int


def read_steps(folder: Path) -> list[Step]:
    """The steps that have started, in the order of their start."""
    tasks: dict[str, list[dict[str, Any]]] = {}
    for task in _by_start(folder):
        tasks.setdefault(task["step"], []).append(task)
    return [_step(name, all_of_it) for name, all_of_it in tasks.items()]


def read_loops(folder: Path) -> list[Loop]:
    """The loops that run now, the oldest first."""
    return [Loop(**content) for content in _read_all(folder, "loop-*.json")]


def find_failure(folder: Path) -> Failure | None:
    """The first thing that went wrong in a run that has ended; None when every task is done."""
    tasks = _by_start(folder)
    for task in tasks:
        if task["state"] == "failed":
            found = {key: task[key] for key in ("step", "message", "exit_code")}
            return Failure(**found)
    for task in tasks:
        if task["state"] == "running":
            return Failure(
                step=task["step"],
                message="ended without a word: it was killed, perhaps for lack of memory; "
                "run again under the same run id, it goes on where it was",
                exit_code=4,
            )
    return None


def draw(steps: list[Step], loops: list[Loop]) -> Table:
    """The state of a run for a terminal."""
    table = Table.grid(padding=(0, 2))
    for step in steps:
        count = f"{step.done} of {step.tasks} tasks" if step.tasks > 1 else ""
        seconds = f"{step.seconds:.0f} s" if step.state != "running" else ""
        table.add_row(step.name, Text.from_markup(MARKS[step.state]), seconds, count)
    for loop in loops:
        bar = ProgressBar(total=loop.total, completed=loop.done, width=30)
        table.add_row(f"  {loop.label}", bar, f"{loop.done}/{loop.total}", _left(loop))
    return table


def _left(loop: Loop) -> str:
    if not 0 < loop.done < loop.total:
        return ""
    return f"{loop.seconds / loop.done * (loop.total - loop.done):.0f} s left"


def _step(name: str, tasks: list[dict[str, Any]]) -> Step:
    states = [task["state"] for task in tasks]
    state = next((s for s in ("failed", "running") if s in states), "done")
    end = max(task["started"] + task["seconds"] for task in tasks)
    seconds = end - tasks[0]["started"]
    return Step(
        name=name, state=state, tasks=len(tasks), done=states.count("done"), seconds=seconds
    )


def _by_start(folder: Path) -> list[dict[str, Any]]:
    return sorted(_read_all(folder, "step-*.json"), key=lambda task: task["started"])


def _read_all(folder: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(pattern)):
        with suppress(FileNotFoundError):  # a loop that ended meanwhile
            yield json.loads(path.read_text())
