"""Few steps of the sampler put models of differing quality into the same order as many steps do.

    python -m pytest tests/models/test_sampler_order.py -m slow -s

Off by default: some minutes. The table it prints is in docs/results/sampler.md.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.evaluation.regions import make_hole, paint_hole, view_region
from efface.gate.reading import read_policy
from efface.metrics.distance import features_to_distance
from efface.metrics.extractors import load_extractor
from efface.models.checkpoint import load_model
from efface.storage import open_store

DEMO = Path(__file__).parents[2] / "examples" / "fashion"
DAMAGE = (0.0, 0.1, 0.2, 0.4)
"""Noise added to each encoder weight, in standard deviations of its tensor: the models to rank."""
FEW, MANY = (10, 20), 250
IMAGES = 24
SEED = 0


def damaged(amount):
    """The demo model with noise on its encoder; the noise has the same direction at any amount."""
    model = load_model(DEMO / "diffusion")
    generator = torch.Generator().manual_seed(SEED)
    for _, parameter in model.encoder_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        scale = parameter.std() if parameter.numel() > 1 else parameter.abs().sum()
        parameter.add_(amount * scale * noise)
    return model


def mean_distance(model, steps, images, hole, tower):
    """Mean cosine distance of painted holes to the originals, in the features of the demo."""
    model.settings = dataclasses.replace(model.settings, steps=steps)
    shown = torch.from_numpy(images).float() / 255
    made = paint_hole(model, shown, hole)
    real, painted = (
        tower.embed(view_region(pictures, "hole", hole)).numpy() for pictures in (shown, made)
    )
    return float(features_to_distance(real, painted).mean())


@pytest.mark.slow
def test_few_steps_rank_models_as_many_steps_do():
    splits = read_manifest(open_store(str(DEMO / "data")))["split"].to_pylist()
    holdout = np.flatnonzero(np.asarray(splits) == "holdout")
    rows = np.sort(np.random.default_rng(SEED).choice(holdout, IMAGES, replace=False))
    images, _ = read_images(DEMO / "data", size=32, channels=1, rows=rows.tolist())
    policy = read_policy(DEMO / "policy.yaml")
    tower = load_extractor(policy.extractors["distance"], policy.folder)
    hole = make_hole("centre:4x4", (8, 8), 32, SEED)
    scores = {}
    with torch.inference_mode():
        for steps in (*FEW, MANY):
            scores[steps] = [
                mean_distance(damaged(amount), steps, images, hole, tower) for amount in DAMAGE
            ]
            print(f"\nsteps={steps:<4}", *(f"{score:.4f}" for score in scores[steps]), flush=True)
    order = np.argsort(scores[MANY]).tolist()
    assert order == list(range(len(DAMAGE)))
    assert [np.argsort(scores[steps]).tolist() for steps in FEW] == [order] * len(FEW)
