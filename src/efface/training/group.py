"""The processes of one training: each takes its rows of every batch, what they find is added up.

Every process holds the same weights and takes the same steps, so there is nothing to hand out but
gradients. One process is a group of one: nothing is sent, nothing is added.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from efface.errors import InfrastructureError

BUCKET = 2**24
"""Numbers that are sent at a time: 64 MiB in float32."""
PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others."""


class PeerLostError(InfrastructureError):
    """Another process of the training is gone; why is what that one said, if it said anything."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """One process among those of a training."""

    rank: int = 0
    """Number of this process."""
    size: int = 1
    """How many there are."""
    local_rank: int = 0
    """Number of this process on its node."""
    local_size: int = 1
    """How many share the node, and with it memory and disk."""

    @property
    def first(self) -> bool:
        """Whether this is the process that writes, decides and speaks for all."""
        return self.rank == 0

    @property
    def rows(self) -> slice:
        """Which images of a batch are this process's."""
        return slice(self.rank, None, self.size)

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes; bit for bit the same on all."""
        if self.size == 1:
            return
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            with peers():
                distributed.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.reshape(tensor.shape))

    def total(self, tensor: Tensor) -> Tensor:
        """Sum of a tensor over all processes."""
        if self.size == 1:
            return tensor
        summed = tensor.detach().clone()
        self.add_up([summed])
        return summed

    def whole(self, mine_B: Tensor, count: int) -> Tensor:
        """One number for each of the ``count`` images of a batch, from those of each process."""
        whole_B = mine_B.new_zeros(count)
        whole_B[self.rows] = mine_B.detach()
        return self.total(whole_B)

    def decided(self, answer: bool) -> bool:
        """The answer of the first process, whatever the others think."""
        if self.size == 1:
            return answer
        said = torch.tensor([int(answer)])
        with peers():
            distributed.broadcast(said, src=0)
        return bool(said.item())

    def named(self, name: str) -> str:
        """What the first process of this node calls something, such as a folder."""
        if self.size == 1:
            return name
        said: list[tuple[int, str]] = [(0, "")] * self.size
        with peers():
            distributed.all_gather_object(said, (self.rank - self.local_rank, name))
        return said[self.rank - self.local_rank][1]

    def wait(self) -> None:
        """Go on when all are here."""
        if self.size > 1:
            with peers():
                distributed.all_reduce(torch.zeros(1))


ALONE = Group()


@contextmanager
def peers() -> Iterator[None]:
    """Say what it means that sending or receiving failed."""
    try:
        yield
    except RuntimeError as error:
        raise PeerLostError(
            f"another process of the training is gone ({str(error).splitlines()[0]}): look at what "
            "it said before; when it said nothing it was killed, often for lack of memory"
        ) from error


@contextmanager
def joined() -> Iterator[Group]:
    """Join the group that torchrun made: nccl between GPUs, gloo between CPUs.

    After an error the group is left as it is: to take it down would wait for the others.
    """
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    local_rank = distributed.get_node_local_rank()
    with peers():
        distributed.init_process_group(backend, timeout=PATIENCE)
        rank, size = distributed.get_rank(), distributed.get_world_size()
        firsts: list[int] = [0] * size
        distributed.all_gather_object(firsts, rank - local_rank)
    local_size = firsts.count(rank - local_rank)
    yield Group(rank=rank, size=size, local_rank=local_rank, local_size=local_size)
    distributed.destroy_process_group()


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    held = 0
    for tensor in tensors:
        if bucket and held + tensor.numel() > BUCKET:
            yield bucket
            bucket, held = [], 0
        bucket.append(tensor)
        held += tensor.numel()
    if bucket:
        yield bucket
