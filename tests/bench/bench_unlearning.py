"""Unlearning steps: ours against the published-equivalent loop; same model, same batch, one run.

Ours pays for its cached targets once, before the first step. Both figures are given: steps alone,
and with that cost spread over the default number of steps.
"""

from pathlib import Path

import numpy as np
import torch

from efface.models.checkpoint import load_model
from efface.training.settings import TrainingSettings
from tests.bench.loops import compare_loops

MODEL = Path("examples/fashion/model")
STEPS, ROUNDS, RETAIN = 15, 9, 2000
SETTINGS = TrainingSettings(steps=STEPS, probe_every=0, save_every=3600)


def main() -> None:
    """Print images a second of both loops, alternating, and the ratio of their medians."""
    torch.manual_seed(0)
    found = compare_loops(
        load_model(MODEL), _noise(RETAIN), _noise(500), mask="centre:4x4", settings=SETTINGS,
        rounds=ROUNDS, device=torch.device("cpu"),
    )  # fmt: skip
    count, ratios = found.count, found.ratios
    fast, plain = float(np.median(found.ours)), float(np.median(found.published))
    spread = found.caching * SETTINGS.retain_images / (TrainingSettings().steps * count / STEPS)
    whole = 1 / (fast / count + spread)
    print(
        f"unlearning, {count} images a round, {ROUNDS} rounds, {torch.get_num_threads()} threads\n"
        f"  ours             {count / fast:8.1f} images/s\n"
        f"  with its caching {whole:8.1f} images/s\n"
        f"  published loop   {count / plain:8.1f} images/s\n"
        f"  ratio            {plain / fast:8.2f}   (asked: 1.6; single rounds {ratios[0]:.2f} to "
        f"{ratios[-1]:.2f}); with caching {whole * plain / count:.2f}"
    )


def _noise(count: int) -> torch.Tensor:
    return torch.randint(256, (count, 1, 32, 32), dtype=torch.uint8)


if __name__ == "__main__":
    main()
