"""Kind ``small-cnn``: a convolutional network of 110,000 weights for small pictures.

A folder with ``model.safetensors`` and ``config.json``:

    {"version": 1, "name": "fashion-tower", "task": "tower", "channels": 1, "image_size": 32,
     "width": 16, "dimension": 64, "classes": 0}

task ``tower``: features of unit length, trained so that the cosine says how alike two pictures are;
no classes. task ``classifier``: features are the last hidden layer before its activation;
``classes`` probabilities.
"""

import copy
import reprlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from efface.errors import CheckpointError
from efface.files import read_json, sha256_file, write_json
from efface.metrics.extractor_kinds import TRAITS, extractor_recipe
from efface.metrics.extractors.protocol import frozen, need_file, resized, with_channels
from efface.models.weights import reading

VERSION = 1
TASKS = ("tower", "classifier")
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
RANGES = {
    "channels": (1, 3),
    "image_size": (1, 4096),
    "width": (1, 1024),
    "dimension": (1, 16384),
    "classes": (0, 16384),
}
"""Size of a network -> the smallest and largest that is built."""


@dataclass(frozen=True, kw_only=True)
class SmallCnnConfig:
    """Shape of a small network."""

    name: str
    """What its scores are labelled with."""
    task: str
    """tower or classifier."""
    channels: int
    """1 or 3."""
    image_size: int
    """Images are squashed to this many pixels in height and width."""
    width: int
    """Channels of the first convolution; the last has six times as many."""
    dimension: int
    """Length of a feature vector."""
    classes: int
    """Number of classes; 0 for a tower."""

    def __post_init__(self) -> None:
        """Refuse shapes that cannot be."""
        if not isinstance(self.name, str) or not self.name:
            raise CheckpointError(f"small-cnn name must be text, got {self.name!r}")
        if self.task not in TASKS:
            raise CheckpointError(
                f"small-cnn task {self.task!r} unknown: use one of {', '.join(TASKS)}"
            )
        for name, (least, most) in RANGES.items():
            size = getattr(self, name)
            if type(size) is not int or not least <= size <= most:
                raise CheckpointError(
                    f"small-cnn {name} must be a whole number from {least} to {most}, got "
                    f"{reprlib.repr(size)}"
                )
        if self.channels == 2:
            raise CheckpointError("small-cnn channels must be 1 (grey) or 3 (colour), got 2")
        if (self.classes > 1) != (self.task == "classifier"):
            raise CheckpointError("small-cnn: a classifier has two or more classes, a tower has 0")


class SmallCnn(nn.Module):
    """Five convolutions with batch normalisation, mean pooling, a linear layer, maybe a head."""

    def __init__(self, config: SmallCnnConfig) -> None:
        """Make the layers with random weights, drawn from torch's global generator."""
        super().__init__()
        width = config.width
        self.config = config
        self.body = nn.Sequential(
            *_layer(config.channels, width, kernel=5, stride=2),
            *_layer(width, 2 * width),
            *_layer(2 * width, 3 * width, stride=2),
            *_layer(3 * width, 4 * width),
            *_layer(4 * width, 6 * width, stride=2),
        )
        self.features = nn.Linear(6 * width, config.dimension)
        self.head = nn.Linear(config.dimension, config.classes) if config.classes else None

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, D)`` of images in [0, 1]; of unit length for a tower."""
        found: Tensor = self.features(self.body(images_BCHW * 2 - 1).mean(dim=(2, 3)))
        return F.normalize(found, dim=1) if self.config.task == "tower" else found

    def logits(self, features_BD: Tensor) -> Tensor | None:
        """Class logits ``(B, K)`` from features."""
        return None if self.head is None else self.head(F.relu(features_BD))


class SmallCnnExtractor:
    """A ``SmallCnn`` behind the extractor protocol."""

    kind = "small-cnn"
    is_clip = TRAITS[kind].is_clip

    def __init__(self, network: SmallCnn, weights_sha256: str) -> None:
        """Freeze a network."""
        config = network.config
        self.name = config.name
        self.dimension = config.dimension
        self.recipe = extractor_recipe(
            self.kind,
            name=config.name,
            weights_sha256=weights_sha256,
            dimension=config.dimension,
            size=config.image_size,
        )
        self._network = _fused(network)

    def to(self, device: torch.device) -> None:
        """Move the network."""
        self._network.to(device)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, D)`` of images in [0, 1]."""
        config = self._network.config
        ready = resized(with_channels(images_BCHW, config.channels), config.image_size, "bilinear")
        features: Tensor = self._network(ready.contiguous(memory_format=torch.channels_last))
        return features

    def classify(self, features_BD: Tensor) -> Tensor | None:
        """Probabilities ``(B, K)`` from features; None for a tower."""
        logits = self._network.logits(features_BD)
        return None if logits is None else logits.softmax(dim=1)

    def probabilities(self, images_BCHW: Tensor) -> Tensor | None:
        """Probabilities ``(B, K)`` of images in [0, 1]; None for a tower."""
        return self.classify(self.embed(images_BCHW))


def locate(place: str, folder: Path) -> Path:
    """The weights of ``PATH`` in small-cnn:PATH, relative to ``folder``.

    Raises:
        CheckpointError: they are not there.
    """
    return need_file(folder / place / WEIGHTS, "small-cnn weights")


def load(place: str, folder: Path, weights_sha256: str) -> SmallCnnExtractor:
    """Load the folder ``PATH`` in small-cnn:PATH.

    Raises:
        CheckpointError: a file is missing, or the weights do not fit config.json.
    """
    path = need_file(folder / place / CONFIG, "small-cnn configuration")
    given = read_json(path, kind="small-cnn configuration", version=VERSION)
    given.pop("version")
    known = [field.name for field in fields(SmallCnnConfig)]
    if given.keys() != set(known):
        raise CheckpointError(
            f"{path}: a small-cnn configuration has version, {', '.join(known)}; got "
            f"{', '.join(given)}"
        )
    try:
        config = SmallCnnConfig(**given)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    with reading(path.parent, "small-cnn extractor"):
        network = SmallCnn(config)
        network.load_state_dict(load_file(locate(place, folder)))
    return SmallCnnExtractor(network, weights_sha256)


def save(network: SmallCnn, folder: Path) -> dict[str, str]:
    """Write config.json and model.safetensors; gives the hashes that a policy pins them by."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CONFIG, {"version": VERSION, **asdict(network.config)})
    state = {k: v.contiguous() for k, v in network.state_dict().items() if torch.is_tensor(v)}
    save_file(state, folder / WEIGHTS)
    pins = {"sha256": WEIGHTS, "configuration_sha256": CONFIG}
    return {name: sha256_file(folder / file) for name, file in pins.items()}


def _fused(network: SmallCnn) -> SmallCnn:
    """A frozen copy with the normalisation folded into the convolutions: a third less work."""
    made = copy.deepcopy(network)
    frozen(made)
    layers: list[Any] = list(made.body)
    triples = zip(layers[::3], layers[1::3], layers[2::3], strict=True)
    made.body = nn.Sequential(
        *(part for conv, norm, relu in triples for part in (fuse_conv_bn_eval(conv, norm), relu))
    )
    return made.to(memory_format=torch.channels_last)


def _layer(given: int, made: int, *, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(given, made, kernel, stride=stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(made), nn.ReLU(inplace=True)]
