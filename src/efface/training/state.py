"""The training state on disk: enough to go on after a kill and reach the same weights.

Batches are a function of the step (``efface.training.batches``), so a state is: step, encoder
weights, optimiser, and the step at which the rate began to fall. It carries the influence of
forgotten data and is purged in settle.
"""

import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

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
    """Write the state; the former one stays until the new one is whole."""
    with store.writing(KEY) as stream:
        torch.save({"version": VERSION, **vars(state)}, stream)


def load_state(store: Store, identity: str) -> TrainingState | None:
    """The saved state of this very run, or None."""
    if not store.exists(KEY):
        return None
    with store.reading(KEY) as stream:
        content = torch.load(stream, weights_only=True, map_location="cpu")
    if content.pop("version", None) != VERSION or content["identity"] != identity:
        log.warning("resume=no reason=saved-state-of-another-run")
        return None
    return TrainingState(**content)
