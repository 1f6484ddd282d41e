"""A bounded sample of features that does not depend on order or sharding.

Keeps the ``CAPACITY`` samples whose hashed ids are smallest. The hash is that of the id alone, so
the same images are kept whichever shard they are in, on the real side and on both models' sides. Up
to ``CAPACITY`` samples all are kept.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CAPACITY = 5000
"""Enough for KID and for the spread of FID; 40 MB for 2048 dimensions."""


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """Kept samples, by increasing hash."""

    key: NDArray[np.uint64]
    """Hash of the sample id, ``(N,)``."""
    subject: NDArray[np.str_]
    """Cluster of each sample, ``(N,)``."""
    features: NDArray[np.float32]
    """``(N, D)``."""


def features_to_sketch(
    sample_ids: Sequence[str],
    subjects: Sequence[str],
    features_ND: NDArray[np.floating],
    capacity: int = CAPACITY,
) -> Sketch:
    """Keep the samples of smallest hash."""
    key = np.array([_hash(sample) for sample in sample_ids], dtype=np.uint64)
    kept = np.argsort(key, kind="stable")[:capacity]
    return Sketch(
        key=key[kept],
        subject=np.asarray(subjects, dtype=np.str_)[kept],
        features=np.asarray(features_ND, dtype=np.float32)[kept],
    )


def merge_sketches(parts: Iterable[Sketch], capacity: int = CAPACITY) -> Sketch:
    """The sketch of all samples together; there must be at least one part."""
    every = list(parts)
    key = np.concatenate([part.key for part in every])
    kept = np.argsort(key, kind="stable")[:capacity]
    return Sketch(
        key=key[kept],
        subject=np.concatenate([part.subject for part in every])[kept],
        features=np.concatenate([part.features for part in every])[kept],
    )


def _hash(sample_id: str) -> int:
    return int.from_bytes(hashlib.sha256(sample_id.encode()).digest()[:8], "big")
