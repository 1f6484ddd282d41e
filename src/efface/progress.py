"""How far a long loop is: a bar on a terminal, a log line elsewhere, and a file for a watcher.

    with track("unlearn", total=600) as progress:
        for batch in batches:
            ...
            progress.advance()

A watcher (the local runner) sets ``EFFACE_PROGRESS`` to a folder. Each loop then keeps one small
JSON file there while it runs, and draws no bar: the watcher does.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from efface.settings import read_settings

logger = logging.getLogger(__name__)

LOG_EVERY = 5.0
"""Seconds between two log lines."""
FILE_EVERY = 0.3
"""Seconds between two writes of a progress file."""


class Sink(Protocol):
    """Somewhere that progress is shown."""

    def show(self, done: int, *, final: bool) -> None:
        """Show that ``done`` rounds are done; ``final`` once, at the end."""


@dataclass
class Progress:
    """One loop under way."""

    sinks: list[Sink]
    done: int = 0

    def advance(self, n: int = 1) -> None:
        """Say that ``n`` more rounds are done."""
        self.done += n
        for sink in self.sinks:
            sink.show(self.done, final=False)


@contextmanager
def track(label: str, total: int, *, shown: bool = True) -> Iterator[Progress]:
    """Show the progress of a loop of ``total`` rounds under the name ``label``.

    Args:
        label: name of the loop.
        total: rounds.
        shown: False for a process that another one speaks for.
    """
    if not shown:
        yield Progress([])
        return
    folder = watched_folder()
    with ExitStack() as stack:
        sinks: list[Sink] = []
        if folder is not None:
            sinks.append(stack.enter_context(_progress_file(folder, label, total)))
        if folder is None and sys.stderr.isatty():
            sinks.append(stack.enter_context(_bar(label, total)))
        else:
            sinks.append(LogLines(label, total))
        progress = Progress(sinks)
        yield progress
        for sink in sinks:
            sink.show(progress.done, final=True)


def watched_folder() -> Path | None:
    """The folder that a watcher reads, or None when nobody watches."""
    return read_settings().progress


def announce(path: Path, content: dict[str, Any]) -> None:
    """Write a small JSON file that is whole whenever a watcher reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content))
    os.replace(temporary, path)


@dataclass
class LogLines:
    """A log line every few seconds, and one at the end."""

    label: str
    total: int
    started: float = field(default_factory=time.monotonic)
    shown: float = field(default_factory=time.monotonic)
    logged: int = -1

    def show(self, done: int, *, final: bool) -> None:
        """Log, unless the last line is younger than ``LOG_EVERY`` seconds."""
        now = time.monotonic()
        if done == self.logged or (not final and now - self.shown < LOG_EVERY):
            return
        self.shown, self.logged = now, done
        facts = (self.label, done, self.total, now - self.started)
        logger.info("progress=%s done=%d total=%d seconds=%.0f", *facts)


@dataclass
class ProgressFile:
    """A small JSON file that a watcher reads."""

    path: Path
    label: str
    total: int
    started: float = field(default_factory=time.monotonic)
    written: float = float("-inf")

    def show(self, done: int, *, final: bool) -> None:
        """Write, unless the file is younger than ``FILE_EVERY`` seconds."""
        now = time.monotonic()
        if final or now - self.written >= FILE_EVERY:
            self.written = now
            seconds = now - self.started
            facts = {"label": self.label, "done": done, "total": self.total, "seconds": seconds}
            announce(self.path, facts)


@contextmanager
def _progress_file(folder: Path, label: str, total: int) -> Iterator[ProgressFile]:
    sink = ProgressFile(folder / f"loop-{os.getpid()}-{time.monotonic_ns()}.json", label, total)
    sink.show(0, final=False)
    try:
        yield sink
    finally:
        sink.path.unlink(missing_ok=True)


@contextmanager
def _bar(label: str, total: int) -> Iterator[Sink]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with rich_progress.Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label, total=total)

        class Bar:
            """The bar on the terminal."""

            def show(self, done: int, *, final: bool) -> None:
                """Move the bar."""
                bars.update(task, completed=done)

        yield Bar()
