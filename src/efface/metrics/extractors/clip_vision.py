"""Kind ``clip-vision``: an image tower of CLIP (Radford et al. 2021, arXiv 2103.00020).

A folder of transformers with config.json, model.safetensors and preprocessor_config.json:
``CLIPVisionModelWithProjection``, or a whole ``CLIPModel`` whose text half is left unread. Nothing
is downloaded.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from efface.errors import CheckpointError
from efface.metrics.extractor_kinds import TRAITS, extractor_recipe
from efface.metrics.extractors.protocol import (
    frozen,
    need_file,
    resized,
    standardised,
    with_channels,
)


class ClipVisionExtractor:
    """A CLIP image tower behind the extractor protocol; features of unit length."""

    kind = "clip-vision"
    is_clip = TRAITS[kind].is_clip

    def __init__(
        self, network: Any, name: str, mean: list[float], std: list[float], weights_sha256: str
    ) -> None:
        """Freeze a ``CLIPVisionModelWithProjection``."""
        self.name = name
        self.dimension = int(network.config.projection_dim)
        self._size = int(network.config.image_size)
        self._mean, self._std = mean, std
        self._network = frozen(network)
        self.recipe = extractor_recipe(
            self.kind,
            name=name,
            weights_sha256=weights_sha256,
            dimension=self.dimension,
            size=self._size,
        )

    def to(self, device: torch.device) -> None:
        """Move the network."""
        self._network.to(device)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, D)`` of images in [0, 1]."""
        ready = resized(with_channels(images_BCHW, 3), self._size, "bicubic")
        pixels = standardised(ready, self._mean, self._std)
        return F.normalize(self._network(pixel_values=pixels).image_embeds.float(), dim=1)

    def classify(self, features_BD: Tensor) -> Tensor | None:
        """None: no classes."""
        return None

    def probabilities(self, images_BCHW: Tensor) -> Tensor | None:
        """None: no classes."""
        return None


def locate(place: str, folder: Path) -> Path:
    """The weights of ``PATH`` in clip-vision:PATH, relative to ``folder``.

    Raises:
        CheckpointError: they are not there.
    """
    return need_file(folder / place / "model.safetensors", "clip-vision weights")


def load(place: str, folder: Path, weights_sha256: str) -> ClipVisionExtractor:
    """Load the folder ``PATH`` in clip-vision:PATH.

    Raises:
        CheckpointError: a file is missing, or the weights do not fit config.json.
    """
    from transformers import CLIPVisionModelWithProjection

    path = folder / place
    preprocessor = need_file(path / "preprocessor_config.json", "clip-vision preprocessor")
    try:
        settings = json.loads(preprocessor.read_text())
        mean, std = list(settings["image_mean"]), list(settings["image_std"])
        network, found = CLIPVisionModelWithProjection.from_pretrained(
            path, local_files_only=True, output_loading_info=True, dtype=torch.float32
        )
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: not a CLIP image tower: {error}") from error
    wrong = [str(key) for key in (*found["missing_keys"], *found["mismatched_keys"])]
    if wrong:
        raise CheckpointError(f"{path}: weights do not fit config.json: {sorted(wrong)[:3]}")
    return ClipVisionExtractor(network, path.resolve().name, mean, std, weights_sha256)
