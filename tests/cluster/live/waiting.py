"""Wait for something on the cluster, for so long and no longer."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class NotYetError(Exception):
    """What is waited for is not there; the text says how far it is."""


class TimedOutError(AssertionError):
    """What was waited for did not come in time."""


def wait_for(
    what: str,
    look: Callable[[], Found],
    *,
    seconds: float,
    every: float = 3.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Found:
    """Look again and again until ``look`` gives an answer instead of raising ``NotYetError``.

    Args:
        what: What is waited for, for the message.
        look: Gives the answer, or raises ``NotYetError`` with what is there so far.
        seconds: How long to wait; ``look`` is asked at least once.
        every: Seconds between two looks.
        clock: Seconds that never run backwards.
        sleep: Waits that many seconds.

    Raises:
        TimedOutError: no answer in time; says what was seen last.
    """
    end = clock() + seconds
    while True:
        try:
            return look()
        except NotYetError as error:
            if clock() >= end:
                raise TimedOutError(
                    f"waited {seconds:.0f} s for {what}; last seen: {error}"
                ) from None
        sleep(every)
