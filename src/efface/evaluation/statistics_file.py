"""What a shard contributes to the report, and the file of one or several shards.

NumPy's npz with a JSON header. The file holds no image, but features: that of a forget shard is a
private copy of the run.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from efface.errors import InputError
from efface.files import whole_file
from efface.metrics.gaussian import Floats, Moments
from efface.metrics.inception_score import ProbabilitySums
from efface.metrics.sketch import Sketch

VERSION = 2
KIND = "efface shard statistics"
PLAIN = ("shard", "set", "set_fingerprint", "before", "after", "seed", "extractors")
"""Fields of ``ShardStatistics`` that are JSON."""
COLUMNS = ("sample_id", "subject", "ticket")
"""Fields of ``ShardStatistics`` that are one array each."""


class Side(NamedTuple):
    """Which images features are of."""

    mask: str
    region: str
    side: str
    """real, before or after."""


@dataclass(frozen=True, kw_only=True)
class FeatureStatistics:
    """Mergeable statistics of the features of one side."""

    moments: Moments
    sketch: Sketch
    sums: dict[str, ProbabilitySums]
    """Subject -> sums of class probabilities; empty without classes, and for real images."""


@dataclass(frozen=True, kw_only=True)
class ShardStatistics:
    """All that is kept of one scored shard."""

    shard: str
    set: str
    set_fingerprint: str
    """Hash of the images of the whole set."""
    before: str
    """Fingerprint of the model in service."""
    after: str
    """Fingerprint of the unlearned model."""
    seed: int
    extractors: dict[str, dict[str, Any]]
    """distance and fid -> recipe of the extractor."""
    sample_id: NDArray[np.str_]
    """Images scored, ``(N,)``."""
    subject: NDArray[np.str_]
    """Keyed hash of each image's subject, or its sample id where it has none, ``(N,)``."""
    ticket: NDArray[np.str_]
    """Ticket of each image, empty outside forget, ``(N,)``."""
    distances: dict[Side, Floats]
    """1 - cosine of each image, before and after, ``(N,)``."""
    features: dict[Side, FeatureStatistics]
    """Of the extractor for FID: real, before and after."""


def write_statistics(path: Path, shards: Sequence[ShardStatistics]) -> None:
    """Write the statistics of one or several shards, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {}
    headers = []
    for number, found in enumerate(shards):
        for name, values in _shard_arrays(found).items():
            arrays[f"{number}.{name}"] = values
        header: dict[str, Any] = {name: getattr(found, name) for name in PLAIN}
        header["distances"] = [list(key) for key in found.distances]
        header["features"] = [list(key) for key in found.features]
        headers.append(header)
    text = json.dumps({"kind": KIND, "version": VERSION, "shards": headers})
    arrays["header"] = np.frombuffer(text.encode(), np.uint8)
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_statistics(path: Path) -> list[ShardStatistics]:
    """Read a file of statistics.

    Raises:
        InputError: absent, damaged, of another kind or version, or with fields that do not belong.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = dict(stored)
        header = json.loads(arrays.pop("header").tobytes())
        if (header["kind"], header["version"]) != (KIND, VERSION):
            raise InputError(
                f"{path} is {header['kind']!r} of version {header['version']!r}; this efface reads "
                f"{KIND!r} of version {VERSION}: run evaluate again"
            )
        found = [_shard(one, arrays, str(number)) for number, one in enumerate(header["shards"])]
        if arrays:
            raise ValueError(f"unknown arrays {sorted(arrays)[:3]}")
        return found
    except FileNotFoundError:
        raise InputError(f"statistics {path} do not exist: run evaluate first") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"statistics {path} are damaged ({error}): run evaluate again") from error


def _shard(header: dict[str, Any], arrays: dict[str, Any], number: str) -> ShardStatistics:
    distances = {
        Side(*key): arrays.pop(f"{number}.distance.{index}")
        for index, key in enumerate(header.pop("distances"))
    }
    features = {
        Side(*key): _features(arrays, f"{number}.feature.{index}")
        for index, key in enumerate(header.pop("features"))
    }
    columns = {name: arrays.pop(f"{number}.{name}") for name in COLUMNS}
    return ShardStatistics(**header, **columns, distances=distances, features=features)


def _shard_arrays(found: ShardStatistics) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {name: getattr(found, name) for name in COLUMNS}
    for index, values in enumerate(found.distances.values()):
        arrays[f"distance.{index}"] = values
    for index, statistics in enumerate(found.features.values()):
        arrays |= _feature_arrays(f"feature.{index}", statistics)
    return arrays


def _feature_arrays(prefix: str, found: FeatureStatistics) -> dict[str, NDArray[Any]]:
    sums = list(found.sums.values())
    return {
        f"{prefix}.n": np.array(found.moments.n),
        f"{prefix}.total": found.moments.total,
        f"{prefix}.outer": found.moments.outer,
        f"{prefix}.key": found.sketch.key,
        f"{prefix}.subject": found.sketch.subject,
        f"{prefix}.rows": found.sketch.features,
        f"{prefix}.sums_subject": np.array(list(found.sums), dtype=np.str_),
        f"{prefix}.sums_n": np.array([part.n for part in sums], dtype=np.int64),
        f"{prefix}.sums_total": np.array([part.total for part in sums]),
        f"{prefix}.sums_entropy": np.array([part.negative_entropy for part in sums]),
    }


def _features(arrays: dict[str, NDArray[Any]], prefix: str) -> FeatureStatistics:
    def take(name: str) -> NDArray[Any]:
        return arrays.pop(f"{prefix}.{name}")

    moments = Moments(n=int(take("n")), total=take("total"), outer=take("outer"))
    sketch = Sketch(key=take("key"), subject=take("subject"), features=take("rows"))
    columns = (take("sums_subject"), take("sums_n"), take("sums_total"), take("sums_entropy"))
    sums = {
        str(subject): ProbabilitySums(n=int(n), total=total, negative_entropy=float(entropy))
        for subject, n, total, entropy in zip(*columns, strict=True)
    }
    return FeatureStatistics(moments=moments, sketch=sketch, sums=sums)
