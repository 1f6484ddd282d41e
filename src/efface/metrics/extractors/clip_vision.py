"""Kind ``clip-vision``: an image tower of CLIP (Radford et al. 2021, arXiv 2103.00020).

A folder of transformers with config.json, model.safetensors and preprocessor_config.json:
``CLIPVisionModelWithProjection``, or a whole ``CLIPModel`` whose text half is left unread. Nothing
is downloaded.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
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
from efface.models.configuration import read_object
from efface.models.normalisation import read_normalisation
from efface.models.sizes import check_sizes
from efface.models.weights import check_weights, reading

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
CHANNELS = 3
SIZES = {
    "image_size",
    "patch_size",
    "num_channels",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "projection_dim",
}
"""Settings of config.json that are whole numbers above 0."""
TOWER = ("vision_model.", "visual_projection.")
"""How the names of weights begin that are read."""


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
    return need_file(folder / place / WEIGHTS, "clip-vision weights")


def load(place: str, folder: Path, weights_sha256: str) -> ClipVisionExtractor:
    """Load the folder ``PATH`` in clip-vision:PATH.

    Raises:
        CheckpointError: a file is missing, or the weights do not fit config.json.
    """
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    path = folder / place
    preprocessor = need_file(path / PREPROCESSOR, "clip-vision preprocessor")
    mean, std = read_normalisation(preprocessor, read_object(preprocessor), CHANNELS)
    config = _read_config(path / CONFIG)
    with reading(path, "CLIP image tower"):
        # From the very files that a policy pins: given the folder, transformers would follow
        # config.json to others.
        network, found = CLIPVisionModelWithProjection.from_pretrained(
            None,
            config=CLIPVisionConfig.from_dict(config),
            state_dict=load_file(locate(place, folder)),
            output_loading_info=True,
            dtype=torch.float32,
        )
    unknown = [name for name in found["unexpected_keys"] if _is_of_the_tower(name)]
    check_weights(path, {**found, "unexpected_keys": unknown})
    return ClipVisionExtractor(network, path.resolve().name, mean, std, weights_sha256)


def _read_config(path: Path) -> dict[str, Any]:
    """Settings of the image tower, whose file may be that of a whole CLIP.

    Raises:
        CheckpointError: no object, or a size that no network has.
    """
    config = read_object(need_file(path, "clip-vision configuration"))
    tower = config.get("vision_config", config)
    if not isinstance(tower, dict):
        raise CheckpointError(f"{path}: vision_config must be an object: copy it from the model")
    check_sizes(path, tower, SIZES)
    if tower.get("num_channels", CHANNELS) != CHANNELS:
        raise CheckpointError(
            f"{path}: num_channels must be {CHANNELS}, got {tower['num_channels']}: an image tower "
            "of CLIP sees colour"
        )
    return tower


def _is_of_the_tower(name: str) -> bool:
    """Whether weights belong to what is built: not the text half, nor numbers of the positions."""
    return name.startswith(TOWER) and not name.endswith("position_ids")
