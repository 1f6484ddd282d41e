"""Kind ``open-clip``: the image tower of an OpenCLIP model (arXiv 2212.07143) in a local file.

    open-clip:ViT-H-14:/models/laion2b/open_clip_model.safetensors

The first part is an architecture that open_clip knows, the second the weights (.safetensors, or
.bin and .pt read without running code). Nothing is downloaded; the text half is dropped after
loading.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from efface.errors import ConfigError
from efface.metrics.extractor_kinds import TRAITS, extractor_recipe, name_of
from efface.metrics.extractors.protocol import (
    frozen,
    need_file,
    resized,
    standardised,
    with_channels,
)
from efface.models.weights import reading


class OpenClipExtractor:
    """An OpenCLIP image tower behind the extractor protocol; features of unit length."""

    kind = "open-clip"
    is_clip = TRAITS[kind].is_clip

    def __init__(self, model: Any, architecture: str, weights_sha256: str) -> None:
        """Keep and freeze the visual half of an OpenCLIP model."""
        import open_clip

        settings = open_clip.get_model_preprocess_cfg(model)
        size = settings["size"]
        self.name = name_of(f"{self.kind}:{architecture}")
        self.dimension = int(open_clip.get_model_config(architecture)["embed_dim"])
        self._size = int(size[0] if isinstance(size, tuple | list) else size)
        self._mean, self._std = settings["mean"], settings["std"]
        self._tower = frozen(model.visual)
        self.recipe = extractor_recipe(
            self.kind,
            name=self.name,
            weights_sha256=weights_sha256,
            dimension=self.dimension,
            size=self._size,
        )

    def to(self, device: torch.device) -> None:
        """Move the network."""
        self._tower.to(device)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, D)`` of images in [0, 1]."""
        ready = resized(with_channels(images_BCHW, 3), self._size, "bicubic")
        return F.normalize(self._tower(standardised(ready, self._mean, self._std)).float(), dim=1)

    def classify(self, features_BD: Tensor) -> Tensor | None:
        """None: no classes."""
        return None

    def probabilities(self, images_BCHW: Tensor) -> Tensor | None:
        """None: no classes."""
        return None


def locate(place: str, folder: Path) -> Path:
    """The weights of ``PATH`` in open-clip:ARCHITECTURE:PATH, relative to ``folder``.

    Raises:
        ConfigError: no architecture in the uri.
        CheckpointError: the weights are not there.
    """
    return need_file(folder / _split(place)[1], "open-clip weights")


def load(place: str, folder: Path, weights_sha256: str) -> OpenClipExtractor:
    """Load ``ARCHITECTURE:PATH`` in open-clip:ARCHITECTURE:PATH.

    Raises:
        ConfigError: open_clip does not know the architecture.
        CheckpointError: the weights are missing, or of another architecture.
    """
    import open_clip

    architecture, _ = _split(place)
    weights = locate(place, folder)
    if architecture not in open_clip.list_models():
        raise ConfigError(
            f"open-clip architecture {architecture!r} unknown: use one of open_clip.list_models(), "
            "such as ViT-H-14"
        )
    with reading(weights, f"file of weights of {architecture}"):
        model = open_clip.create_model(architecture, pretrained=str(weights))
    return OpenClipExtractor(model, architecture, weights_sha256)


def _split(place: str) -> tuple[str, str]:
    architecture, colon, path = place.partition(":")
    if not (architecture and colon and path):
        raise ConfigError(
            f"extractor open-clip:{place}: use open-clip:ARCHITECTURE:PATH_OF_WEIGHTS"
        )
    return architecture, path
