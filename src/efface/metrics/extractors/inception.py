"""Kind ``inception``: the InceptionV3 behind the FID of the literature, as torch-fidelity ports it.

    inception:/models/weights-inception-2015-12-05-6726825d.pth

Features are the 2048 of the last pooling; probabilities are the softmax of the 1008 logits without
bias. Images are rounded to 8 bits and resized to 299 as TensorFlow 1 did, inside the network.
Nothing is downloaded.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from efface.metrics.extractor_kinds import TRAITS, extractor_recipe
from efface.metrics.extractors.protocol import frozen, need_file, with_channels
from efface.models.weights import reading


class InceptionExtractor:
    """torch-fidelity's InceptionV3 behind the extractor protocol."""

    kind = "inception"
    name = TRAITS[kind].name
    is_clip = TRAITS[kind].is_clip
    dimension = TRAITS[kind].dimension

    def __init__(self, network: Any, weights_sha256: str) -> None:
        """Freeze a ``FeatureExtractorInceptionV3`` that gives the feature "2048"."""
        self._network: Any = frozen(network)
        self.recipe = extractor_recipe(
            self.kind,
            name=self.name,
            weights_sha256=weights_sha256,
            dimension=self.dimension,
            size=TRAITS[self.kind].size,
        )

    def to(self, device: torch.device) -> None:
        """Move the network."""
        self._network.to(device)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, 2048)`` of images in [0, 1]."""
        bytes_BCHW = (with_channels(images_BCHW, 3) * 255).round().clamp(0, 255).to(torch.uint8)
        features: Tensor = self._network(bytes_BCHW)[0]
        return features

    def classify(self, features_BD: Tensor) -> Tensor | None:
        """Probabilities ``(B, 1008)`` from features."""
        weight_KD: Tensor = self._network.fc.weight
        logits = features_BD @ weight_KD.T
        return logits.softmax(dim=1)

    def probabilities(self, images_BCHW: Tensor) -> Tensor | None:
        """Probabilities ``(B, 1008)`` of images in [0, 1]."""
        return self.classify(self.embed(images_BCHW))


def locate(place: str, folder: Path) -> Path:
    """The weights of ``PATH`` in inception:PATH, relative to ``folder``.

    Raises:
        CheckpointError: they are not there.
    """
    return need_file(folder / place, "inception weights")


def load(place: str, folder: Path, weights_sha256: str) -> InceptionExtractor:
    """Load ``PATH`` in inception:PATH.

    Raises:
        CheckpointError: the weights are missing, hold code, or are of another network.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    weights = locate(place, folder)
    with reading(weights, "file of weights of the FID Inception"):
        # torch-fidelity unpickles whatever it is given: refuse a file that holds more than tensors
        # first.
        torch.load(weights, map_location="cpu", weights_only=True)
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(weights)
        )
    return InceptionExtractor(network, weights_sha256)
