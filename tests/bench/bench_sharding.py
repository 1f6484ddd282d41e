"""Pack the same images with efface and with WebDataset's ShardWriter, in turns.

    python tests/bench/bench_sharding.py

efface also hashes every image and keeps where it begins; ShardWriter does neither.
"""

import contextlib
import io
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from efface.data.shards import Sample, pack_shard
from efface.storage import LocalStore

IMAGES = 20_000
SAMPLES_PER_SHARD = 2000
ROUNDS = 5


def make_samples(count: int = IMAGES) -> list[Sample]:
    """Small encoded images, repeated under names of their own."""
    random = np.random.default_rng(0)
    encoded = []
    for _ in range(200):
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(stream, "JPEG")
        encoded.append(stream.getvalue())
    return [Sample(f"sample-{n:06d}", encoded[n % 200], "jpg") for n in range(count)]


def with_efface(samples: list[Sample], folder: Path) -> None:
    """Shards with offsets and hashes, each flushed to disk and renamed when whole."""
    store = LocalStore(folder)
    for first in range(0, len(samples), SAMPLES_PER_SHARD):
        content, _ = pack_shard(samples[first : first + SAMPLES_PER_SHARD])
        store.write(f"{first // SAMPLES_PER_SHARD:05d}.tar", content)


def with_webdataset(samples: list[Sample], folder: Path) -> None:
    """Shards of the same images under the same names."""
    from webdataset import ShardWriter

    pattern = str(folder / "%05d.tar")
    with (
        contextlib.redirect_stdout(io.StringIO()),
        ShardWriter(pattern, maxcount=SAMPLES_PER_SHARD, verbose=0) as writer,
    ):
        for sample in samples:
            writer.write({"__key__": sample.sample_id, sample.extension: sample.image})


def main() -> float:
    """Print images a second of both sides and their ratio; gives the ratio."""
    warnings.simplefilter("ignore")
    samples = make_samples()
    sides = {"efface": with_efface, "webdataset": with_webdataset}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, pack in sides.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                pack(samples, Path(folder))
                seconds[name].append(time.perf_counter() - started)
    rates = {name: len(samples) / float(np.median(times)) for name, times in seconds.items()}
    ratio = rates["efface"] / rates["webdataset"]
    for name, rate in rates.items():
        sys.stdout.write(f"{name:<12} {rate:>10,.0f} images/s\n")
    sys.stdout.write(f"{'ratio':<12} {ratio:>10.1f}\n")
    return ratio


if __name__ == "__main__":
    main()
