"""The training state on disk: enough to go on after a kill and reach the same weights.

Batches are a function of the step (``efface.training.batches``), so a state is: step, encoder
weights, optimiser, and the step at which the rate began to fall. It carries the influence of
forgotten data and is purged in settle.
"""

import errno
import logging
from dataclasses import dataclass
from typing import IO, Any

import torch
from torch import Tensor

from efface.errors import EffaceError
from efface.storage import Store

log = logging.getLogger(__name__)

VERSION = 1
KEY = "resume/state.pt"


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Where a run stands after ``step`` optimiser steps."""

    identity: str
    """Hash of everything the run depends on; a state of another run is not taken up."""
    step: int
    cooldown_from: int
    """Step at which the rate begins to fall."""
    encoder: dict[str, Tensor]
    optimizer: dict[str, Any]


def save_state(store: Store, state: TrainingState) -> None:
    """Write the state; the former one stays until the new one is whole.

    Raises:
        InfrastructureError: storage failed, or the disk is full.
    """
    with store.writing(KEY) as stream:
        try:
            torch.save({"version": VERSION, **vars(state)}, stream)
        except RuntimeError as error:  # torch hides what the disk said behind an error of its own
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_state(store: Store, identity: str) -> TrainingState | None:
    """The saved state of this very run, or None: then the training begins anew.

    Raises:
        InfrastructureError: storage failed.
    """
    if not store.exists(KEY):
        return None
    with store.reading(KEY) as stream:
        content = _read(stream)
    if content is None:
        log.warning("resume=no reason=damaged-state place=%s/%s", store.place, KEY)
        return None
    if content.pop("version", None) != VERSION or content.get("identity") != identity:
        log.warning("resume=no reason=saved-state-of-another-run")
        return None
    return TrainingState(**content)


def _read(stream: IO[bytes]) -> dict[str, Any] | None:
    """What was saved; None: cut short, overwritten, or something else."""
    try:
        content = torch.load(stream, weights_only=True, map_location="cpu")
    except (EffaceError, MemoryError):
        raise
    except Exception as error:  # torch raises nearly anything at bytes that it did not write
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # the disk itself
            raise
        return None
    return content if isinstance(content, dict) else None
