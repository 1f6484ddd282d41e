"""SIGTERM during training: finish the step, save, leave; all processes after the same step."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from torch import distributed

from efface.training.group import Group, peers
from efface.training.sigterm import heard_by


class StopRequest:
    """Whether somebody has asked to stop, as all processes of a group see it.

    A node that is taken away tells its own processes only. Each step sends a small sum around and
    looks at that of the step before, so that nobody waits and all stop after the same step.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.heard = False
        self._sum = torch.zeros(1)
        self._sent: distributed.Work | None = None

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Take the signal; a signal handler."""
        self.heard = True

    def asked(self) -> bool:
        """Whether to stop now; each process has to ask once a step."""
        if self.group.size == 1:
            return self.heard
        asked = self._answer()
        self._sum = torch.tensor([float(self.heard)])
        with peers():
            self._sent = distributed.all_reduce(self._sum, async_op=True)
        return asked

    def _answer(self) -> bool:
        if self._sent is None:
            return False
        with peers():
            self._sent.wait()
        return bool(self._sum.item())


@contextmanager
def listening(group: Group) -> Iterator[StopRequest]:
    """Hear SIGTERM inside; outside it ends the process, as there is nothing to save.

    In a thread other than the main one no signal can be heard.
    """
    request = StopRequest(group)
    with heard_by(request.hear):
        yield request
