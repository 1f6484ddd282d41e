"""Evaluation: FID and KID against torchmetrics on the same features; a second run against a first.

    PYTHONPATH=. python tests/bench/bench_evaluation.py

Ours and theirs get the same feature vectors, in the same batches, and must give the same FID. The
second comparison scores two unlearned models against one holdout set: the second finds the features
of the originals and of the model in service in the reference cache.
"""

import copy
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from efface.evaluation.reference_cache import ReferenceCache, open_cache
from efface.evaluation.scoring import Scorer, ShardImages, score_shard
from efface.metrics.extractors.small_cnn import load
from efface.metrics.fid import moments_to_fid
from efface.metrics.gaussian import features_to_moments, merge_moments
from efface.models.checkpoint import load_model
from tests.metrics.whole_kid import features_to_kid

DEMO = Path("examples/fashion")
ROUNDS, BATCH = 3, 250
IMAGES, DIMENSION = 2000, 512
SCORED = 512
LEAST = {"torchmetrics": 1.0, "second run": 1.8}


class AsTheyAre(nn.Module):
    """An extractor for torchmetrics that hands features through."""

    num_features = DIMENSION

    def forward(self, features: Tensor) -> Tensor:
        """The features given."""
        return features


def ours(real: Tensor, made: Tensor) -> tuple[float, float]:
    """FID and KID from mergeable moments and from all pairs."""
    sides = [
        merge_moments(features_to_moments(part.numpy()) for part in side.split(BATCH))
        for side in (real, made)
    ]
    return moments_to_fid(*sides), features_to_kid(real.numpy(), made.numpy())


def theirs(real: Tensor, made: Tensor) -> tuple[float, float]:
    """FID and KID of torchmetrics with their defaults: KID of 100 subsets of 1000."""
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    metrics = [FrechetInceptionDistance(AsTheyAre()), KernelInceptionDistance(AsTheyAre())]
    for metric in metrics:
        for side, is_real in ((real, True), (made, False)):
            for part in side.split(BATCH):
                metric.update(part, real=is_real)
    fid, (kid, _) = (metric.compute() for metric in metrics)
    return float(fid), float(kid)


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest round."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def against_torchmetrics() -> float:
    """Ratio of their time and ours, after a check that both find the same."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.arange(1, DIMENSION + 1).float() ** -0.5
    real, made = (torch.randn(IMAGES, DIMENSION, generator=generator) * scale for _ in range(2))
    made = made + 0.1 * scale
    found, reference = ours(real, made), theirs(real, made)
    np.testing.assert_allclose(found[0], reference[0], rtol=1e-3)
    fast, slow = best(lambda: ours(real, made)), best(lambda: theirs(real, made))
    print(f"FID and KID of {IMAGES} + {IMAGES} features, D = {DIMENSION}")
    print(f"  efface       {fast:7.2f} s   FID {found[0]:.4f}   KID {found[1]:.2e}, all pairs")
    print(
        f"  torchmetrics {slow:7.2f} s   FID {reference[0]:.4f}   KID {reference[1]:.2e}, subsets"
    )
    return slow / fast


def second_run() -> float:
    """Ratio of the first and the second evaluation against the same holdout set."""
    given = _holdout()
    first = _scorer()
    second = replace(first, after=_moved(first.after), after_fingerprint="second")
    with tempfile.TemporaryDirectory() as folder:

        def from_nothing() -> None:
            score_shard(given, first, ["centre:4x4"], ReferenceCache(None))

        def again() -> None:
            score_shard(given, second, ["centre:4x4"], open_cache(Path(folder), "holdout", "bench"))

        score_shard(given, first, ["centre:4x4"], open_cache(Path(folder), "holdout", "bench"))
        slow, fast = best(from_nothing), best(again)
    print(f"Evaluation of {SCORED} images, one mask, two regions, two extractors")
    print(f"  first        {slow:7.2f} s   {SCORED / slow:.0f} images a second")
    print(f"  second       {fast:7.2f} s   {SCORED / fast:.0f} images a second")
    return slow / fast


def _holdout() -> ShardImages:
    """Images of noise: the time does not depend on what they show."""
    size = load_model(DEMO / "model").image_size
    generator = torch.Generator().manual_seed(0)
    shape = (SCORED, 1, size, size)
    return ShardImages(
        shard="holdout-00000",
        set="holdout",
        set_fingerprint="noise",
        fingerprint="noise",
        images_NCHW=torch.randint(256, shape, generator=generator, dtype=torch.uint8),
        sample_id=[f"image-{number}" for number in range(SCORED)],
        subject=[f"subject-{number % 72}" for number in range(SCORED)],
        ticket=[""] * SCORED,
    )


def _scorer() -> Scorer:
    folders = {"distance": "tower", "fid": "classifier"}
    return Scorer(
        before=load_model(DEMO / "model"),
        after=_moved(load_model(DEMO / "model")),
        before_fingerprint="before",
        after_fingerprint="first",
        extractors={role: load(name, DEMO / "extractors", name) for role, name in folders.items()},
        seed=0,
        device=torch.device("cpu"),
    )


def _moved(model):  # type: ignore[no-untyped-def] # any family
    """A copy with other encoder weights."""
    made = copy.deepcopy(model)
    for _, parameter in made.encoder_parameters():
        parameter.data.mul_(1.01)
    return made


def main() -> None:
    """Print both ratios; ends with an error below what is promised."""
    warnings.simplefilter("ignore")
    ratios = {"torchmetrics": against_torchmetrics(), "second run": second_run()}
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}x, at least {LEAST[name]}x")
    if short := [name for name, ratio in ratios.items() if ratio < LEAST[name]]:
        raise SystemExit(f"slower than promised: {', '.join(short)}")


if __name__ == "__main__":
    main()
