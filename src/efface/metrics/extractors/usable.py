"""Whether an extractor can be worked with at all: it makes finite features of a grey image.

Asked whenever one is loaded: one that fails here would end a run in its middle, after the training.
"""

from pathlib import Path

import torch
from torch import Tensor

from efface.errors import CheckpointError
from efface.metrics.extractors.protocol import Extractor
from efface.models.weights import told

SIDE = 32
"""Of the grey image, in pixels; the extractor brings it to its own size."""


def check_usable(extractor: Extractor, weights: Path) -> None:
    """Refuse an extractor that fails at a grey image, or makes no numbers of it.

    Args:
        extractor: as it was loaded.
        weights: the file it was loaded from.

    Raises:
        CheckpointError: it is such a one.
    """
    try:
        found = _see_grey(extractor)
    except Exception as error:
        raise CheckpointError(
            f"{weights}: the extractor cannot look at a grey image ({told(error)}): its "
            "configuration is not that of its weights; copy both from one model"
        ) from error
    if not all(tensor.isfinite().all() for tensor in found):
        raise CheckpointError(
            f"{weights}: the extractor makes NaN or infinity of a grey image: look at the numbers "
            "in its configuration, or copy weights and configuration from the model anew"
        )


@torch.inference_mode()
def _see_grey(extractor: Extractor) -> list[Tensor]:
    """Features of one grey image, and its class probabilities where there are classes."""
    features = extractor.embed(torch.full((1, 1, SIDE, SIDE), 0.5))
    if features.shape != (1, extractor.dimension):
        raise ValueError(f"{features.shape[-1]} features, not {extractor.dimension}")
    probabilities = extractor.classify(features)
    return [features] if probabilities is None else [features, probabilities]
