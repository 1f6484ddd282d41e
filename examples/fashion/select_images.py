"""Choose the demo images from Debian's dataset-fashion-mnist package, and invent subjects for them.

Fashion-MNIST has classes but no subjects. For the demo, each class stands for one brand (a
rights-holder), and within a class, pictures that look alike (k-means over principal components)
stand for one subject: one product line of the brand.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

SOURCE = Path("/usr/share/datasets/fashion-mnist")
CLASSES = [
    "tshirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
]
SPLITS = {"train": 850, "holdout": 200, "control": 100}
"""Images of each class in each split; the demo model is trained on ``train`` alone."""
SUBJECTS = 8
"""Subjects in each class."""
SIZE = 32
"""Height and width in pixels: 28 x 28 with a black border of 2."""
SEED = 2024


@dataclass(frozen=True)
class Picked:
    """The demo images, in one order."""

    images_NHW: np.ndarray
    """uint8, ``(N, 32, 32)``."""
    label: np.ndarray
    """Index into ``CLASSES``."""
    subject: np.ndarray
    """0 to 7 within the class."""
    split: np.ndarray
    """train, holdout or control."""


def select_images(source: Path = SOURCE) -> Picked:
    """Draw the same images on every call."""
    images, labels = _read(source)
    random = np.random.default_rng(SEED)
    parts = []
    for label in range(len(CLASSES)):
        rows = random.permutation(np.flatnonzero(labels == label))[: sum(SPLITS.values())]
        pixels = images[rows].reshape(len(rows), -1) / 255.0
        reduced = PCA(n_components=20, random_state=SEED).fit_transform(pixels)
        subject = KMeans(n_clusters=SUBJECTS, n_init=10, random_state=SEED).fit_predict(reduced)
        split = np.repeat(list(SPLITS), list(SPLITS.values()))
        parts.append((images[rows], np.full(len(rows), label), subject, split))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    joined[0] = np.pad(joined[0], ((0, 0), (2, 2), (2, 2)))
    return Picked(*joined)


def _read(source: Path) -> tuple[np.ndarray, np.ndarray]:
    if not source.is_dir():
        raise SystemExit(f"{source} is missing: apt-get install dataset-fashion-mnist")
    images, labels = [], []
    for part in ("train", "t10k"):
        with gzip.open(source / f"{part}-images-idx3-ubyte.gz") as stream:
            images.append(np.frombuffer(stream.read(), np.uint8, offset=16).reshape(-1, 28, 28))
        with gzip.open(source / f"{part}-labels-idx1-ubyte.gz") as stream:
            labels.append(np.frombuffer(stream.read(), np.uint8, offset=8))
    return np.concatenate(images), np.concatenate(labels)
