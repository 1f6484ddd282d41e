"""A run for people: a table that moves on a terminal, a line a change elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from efface.cluster.following import View
from efface.cluster.tasks import Task

COLOURS = {"done": "green", "running": "cyan", "failed": "red"}


class Lines:
    """One line a change, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, tuple[str, str]] = {}

    def show(self, tasks: list[Task]) -> None:
        """See ``View``."""
        for task in tasks:
            if self._shown.get(task.name) != (task.state, counted(task)):
                self._shown[task.name] = (task.state, counted(task))
                self.warn(" ".join(filter(None, [task.name, counted(task), task.state])))

    def warn(self, text: str) -> None:
        """See ``View``."""
        self._console.print(text, soft_wrap=True, markup=False, highlight=False)


class Moving:
    """A table that is drawn anew."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, tasks: list[Task]) -> None:
        """See ``View``."""
        self._live.update(draw(tasks))

    def warn(self, text: str) -> None:
        """See ``View``."""
        self._live.console.print(text, style="yellow", markup=False, highlight=False)


@contextmanager
def view_on(console: Console) -> Iterator[View]:
    """The view that suits a console."""
    if not console.is_terminal:
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield Moving(live)


def draw(tasks: list[Task]) -> Table:
    """The state of a run."""
    table = Table.grid(padding=(0, 2))
    for task in tasks:
        state = f"[{COLOURS[task.state]}]{task.state}"
        seconds = f"{task.seconds:.0f} s" if task.state != "running" else ""
        table.add_row(task.name, task.title, state, seconds, counted(task))
    return table


def counted(task: Task) -> str:
    """``2/3`` of a task that a loop repeats."""
    return f"{task.done}/{task.count}" if task.count > 1 else ""
