"""The log of a TrainJob's first node, each line once, however often it is asked for."""

import math
import time
from collections.abc import Callable


class NodeLog:
    """Lines that were not seen before."""

    def __init__(self, read: Callable[[int | None], str]) -> None:
        """Read nothing yet.

        Args:
            read: gives the log of so many last seconds, each line after its time (RFC 3339).
        """
        self._read = read
        self._last = ""
        self._asked = 0.0

    def new_lines(self) -> list[str]:
        """What was said since the last call."""
        since = math.ceil(time.monotonic() - self._asked) + 5 if self._asked else None
        now = time.monotonic()
        lines = [line.partition(" ") for line in self._read(since).splitlines()]
        fresh = [(_comparable(at), said) for at, _, said in lines if _comparable(at) > self._last]
        self._asked = now
        if fresh:
            self._last = max(at for at, _ in fresh)
        return [said for _, said in fresh]


def _comparable(at: str) -> str:
    """A time with nine digits of a second, whatever was left away at its end."""
    seconds, _, fraction = at.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"
