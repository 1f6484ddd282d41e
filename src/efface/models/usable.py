"""Whether a model can be worked with at all: its weights are numbers, and so is what it paints.

Asked before a model is registered and before it is unlearned: one that fails here would train to
NaN, and blame the learning rate.
"""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from efface.errors import CheckpointError
from efface.models.inpainting_settings import InpaintingSettings
from efface.models.protocol import ImageToImageModel
from efface.models.weights import told

STEPS = 2
"""Steps of a sampler for the grey image. All its steps were tried without the UNet as it was loaded
(``check_schedule``); with it, twenty on the CPU would take minutes for a published model."""


def check_usable(model: ImageToImageModel, place: Path) -> None:
    """Refuse a model with weights that are not finite, or that cannot paint a grey image.

    Args:
        model: as it was loaded.
        place: the folder it was loaded from.

    Raises:
        CheckpointError: says which tensor, or what became of the image.
    """
    state = model.module.state_dict()
    if wrong := [name for name, tensor in state.items() if not tensor.isfinite().all()]:
        raise CheckpointError(
            f"{place}: {len(wrong)} of {len(state)} tensors hold NaN or infinity, such as "
            f"{wrong[0]}: take the weights of an earlier save, or train the model again"
        )
    try:
        painted = _paint_grey(_in_few_steps(model))
    except Exception as error:
        raise CheckpointError(
            f"{place}: the model cannot paint a grey image ({told(error)}): its configuration is "
            "not that of its weights; copy both from one model"
        ) from error
    if not painted.isfinite().all():
        raise CheckpointError(
            f"{place}: the model paints NaN or infinity into a grey image, though its weights are "
            "finite: look at the numbers in its configuration, and copy it from the model anew"
        )


def _in_few_steps(model: ImageToImageModel) -> ImageToImageModel:
    """The model, or one of the same weights that samples in fewer steps."""
    settings = getattr(model, "settings", None)
    if not isinstance(settings, InpaintingSettings):
        return model
    quick: Any = copy.copy(model)
    quick.settings = replace(settings, steps=min(settings.steps, STEPS))
    found: ImageToImageModel = quick
    return found


@torch.no_grad()
def _paint_grey(model: ImageToImageModel) -> Tensor:
    """What the model makes of one grey image of which the lower half is hidden."""
    rows, columns = model.grid
    grey = torch.full((1, model.channels, model.image_size, model.image_size), 0.5)
    hidden = torch.arange(rows * columns) >= rows * columns // 2
    return model.paint(grey, hidden[None])
