"""Room for large tensors that never change: memory, or files that the processes of a node share.

A file has no name while it is used, so it vanishes with the last process. Several processes fill a
tensor together, each its own rows, and hold it once.
"""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from efface.training.group import ALONE, Group


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where large tensors lie."""

    scratch: Path
    """Folder for files; of several processes, that of the node's first one is used."""
    group: Group = ALONE
    """Who fills and shares them."""

    def make(
        self, shape: tuple[int, ...], *, dtype: torch.dtype = torch.float32, memory: bool
    ) -> Tensor:
        """An empty tensor, on the CPU; every process of the group has to ask for it.

        Args:
            shape: at least one number.
            dtype: of its numbers.
            memory: True for memory, False for a file; several processes always share a file.
        """
        if self.group.local_size == 1:
            return torch.empty(shape, dtype=dtype) if memory else self._file(shape, dtype)
        return self._file(shape, dtype)

    def mine(self, rows: Tensor, chunk: int) -> Iterator[Tensor]:
        """The parts of up to ``chunk`` rows that this process fills."""
        return iter(torch.split(rows, chunk)[self.group.local_rank :: self.group.local_size])

    def _file(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        self.scratch.mkdir(parents=True, exist_ok=True)
        count = math.prod(shape)
        with tempfile.NamedTemporaryFile(dir=self.scratch) as file:
            file.truncate(count * dtype.itemsize)
            name = self.group.named(file.name)
            tensor = torch.from_file(name, shared=True, size=count, dtype=dtype)
            self.group.wait()
        return tensor.reshape(shape)
