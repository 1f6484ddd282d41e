"""What the model in service says of images: computed once, or asked at each step.

Computed once, it lies in memory or in a file, and the model may go. What would fill the disk is
asked live: the same answers, one more forward pass a step, and the model stays. It answers in
float32.

Shapes in names: B batch, T tokens, K width of a feature.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from efface.methods.method import Ask
from efface.progress import track
from efface.training.bank import MaskBank
from efface.training.room import Room

log = logging.getLogger(__name__)

CHUNK = 256
"""Images through the teacher at a time."""


class Answers(Protocol):
    """What the teacher says of images, by number."""

    def of(self, entry: int, numbers: Tensor) -> Tensor:
        """``(B, T, K)`` of some images under an entry of the bank, on the CPU."""
        ...


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """The model in service, as it is asked for targets."""

    ask: Ask
    """Its ``encode`` or ``answer``."""
    bank: MaskBank
    """Masks and levels that it is asked under."""
    device: torch.device
    """Where it runs."""
    memory: float
    """Gibibytes of answers to keep in memory; beyond that they lie in files."""
    disk: float
    """Gibibytes of answers to keep in files; beyond that it is asked live."""
    room: Room
    """Where answers lie; of several processes, each computes some."""

    def say(self, given: Tensor, entry: int, numbers: Tensor) -> Tensor:
        """What it says of images under one entry of the bank, ``(B, T, K)``, on the CPU.

        Args:
            given: images, as its ``prepare`` made them.
            entry: of the bank.
            numbers: of the images, int64 ``(B,)``; their chance.
        """
        hidden = self.bank.hidden_MN[entry].to(self.device).expand(len(given), -1)
        with torch.no_grad():  # no inference_mode: a loss keeps what is asked live
            found = self.ask(given.to(self.device), hidden, self.bank.seeds(entry, numbers))
        return found.float().cpu()

    def answers(self, given: Tensor, numbers: Sequence[Tensor], what: str) -> Answers:
        """All it will be asked: kept where that fits, else live.

        Args:
            given: images, as its ``prepare`` made them.
            numbers: for each entry, the images that it will be asked about.
            what: name of the images, for the log.
        """
        shapes = [self.say(given[:1], m, torch.arange(1)).shape[1:] for m in range(len(self.bank))]
        size = 4 * sum(len(n) * shape.numel() for n, shape in zip(numbers, shapes, strict=True))
        if size > max(self.memory, self.disk) * 2**30:
            log.info("targets=live of=%s gibibytes=%.1f", what, size / 2**30)
            return Live(teacher=self, given=given)
        in_memory, group = size <= self.memory * 2**30, self.room.group
        kept, rows = [], []
        mine = [list(self.room.mine(torch.arange(len(n)), CHUNK)) for n in numbers]
        count = sum(len(part) for parts in mine for part in parts)
        with track(f"teacher targets, {what}", count, shown=group.first) as progress:
            for entry, images in enumerate(numbers):
                found = self.room.make((len(images), *shapes[entry]), memory=in_memory)
                for part in mine[entry]:
                    found[part] = self.say(given[images[part]], entry, images[part])
                    progress.advance(len(part))
                kept.append(found)
                row = torch.zeros(len(given), dtype=torch.long)
                row[images] = torch.arange(len(images))
                rows.append(row)
            group.wait()
        return Kept(answers=kept, rows=rows)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Computed once."""

    answers: list[Tensor]
    """For each entry ``(N_m, T_m, K)``, of the images that were to be asked about."""
    rows: list[Tensor]
    """For each entry ``(N,)``: image number -> row in ``answers``."""

    def of(self, entry: int, numbers: Tensor) -> Tensor:
        """See ``Answers``."""
        return self.answers[entry][self.rows[entry][numbers]]


@dataclass(frozen=True, kw_only=True)
class Live:
    """Asked at each step."""

    teacher: Teacher
    given: Tensor

    def of(self, entry: int, numbers: Tensor) -> Tensor:
        """See ``Answers``."""
        return self.teacher.say(self.given[numbers], entry, numbers)
