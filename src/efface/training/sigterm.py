"""Hearing SIGTERM, the notice that a node is taken away."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Hear = Callable[[int, FrameType | None], None]


@contextmanager
def heard_by(hear: Hear) -> Iterator[None]:
    """Call ``hear`` at SIGTERM inside; outside what was there before holds again.

    In a thread other than the main one no signal can be heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
