"""Everything a run needs, tiny: a dataset of two brands, a model that knows both, a policy."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image

from efface.data.importing import import_images
from efface.metrics.extractors.small_cnn import SmallCnn, SmallCnnConfig, save
from efface.models.masks import draw_mask, parse_mask_policy, pixel_mask
from tests.given import put_ticket
from tests.tiny import tiny_mae

SIZE = 16
SPLITS = {"train": 16, "holdout": 12, "control": 8}
"""Images of each subject."""
SUBJECTS = 3
"""Subjects of each brand: stripes-0, ..., rings-2."""


@dataclass(frozen=True)
class World:
    """Where things are."""

    dataset: Path
    model: Path
    policy: Path

    def arguments(self, folder: Path, *subjects: str, **changes: Any) -> dict[str, Any]:
        """What a run needs, with a ticket about ``subjects`` in ``folder``/tickets."""
        put_ticket(folder / "tickets", "t-1", *subjects)
        given = {
            "tickets": str(folder / "tickets"),
            "dataset": str(self.dataset),
            "policy": str(self.policy),
            "model": str(self.model),
            "registry": f"sqlite:///{folder / 'mlflow.db'}",
            "name": "tiny",
        }
        return {**given, **changes}


def make_world(folder: Path) -> World:
    """Make the dataset, train the model, and write the policy: some seconds."""
    images = _write_images(folder / "images")
    import_images(str(folder / "images"), folder / "images.csv", str(folder / "data"), workers=1)
    _train(images).save(folder / "model")
    (folder / "policy.yaml").write_text(yaml.safe_dump(_policy(folder / "extractors")))
    return World(folder / "data", folder / "model", folder / "policy.yaml")


def _write_images(folder: Path) -> torch.Tensor:
    """PNG files and their table; gives the train split, float (N, 1, 16, 16)."""
    random, train, lines = np.random.default_rng(0), [], []
    for brand in ("stripes", "rings"):
        for subject in range(SUBJECTS):
            for split, count in SPLITS.items():
                for number in range(count):
                    name = f"{brand}-{subject}/{split}-{number}.png"
                    picture = _draw(brand, subject, random)
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(picture).save(folder / name)
                    lines.append([name, f"{brand}-{subject}", brand, split])
                    if split == "train":
                        train.append(picture)
    with (folder.parent / "images.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["sample", "subject", "rights_holder", "split"], *lines])
    return torch.from_numpy(np.stack(train))[:, None].float() / 255


def _draw(brand: str, subject: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    phase, slope = random.uniform(0, 6), random.uniform(-0.3, 0.3)
    if brand == "stripes":
        wave = np.sin((0.8 + 0.2 * subject) * (x + slope * y) + phase)
    else:
        centre = 7.5 + random.uniform(-2, 2, size=2)
        wave = np.sin((0.8 + 0.2 * subject) * np.hypot(y - centre[0], x - centre[1]) + phase)
    noise = random.normal(0, 0.05, (SIZE, SIZE))
    return np.clip((wave * 0.45 + 0.5 + noise) * 255, 0, 255).astype(np.uint8)


def _train(images: torch.Tensor, steps: int = 250) -> Any:
    model = tiny_mae()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    mask = parse_mask_policy("centre:2x2")
    for _ in range(steps):
        rows = torch.randint(len(images), (64,), generator=generator)
        hidden = draw_mask(mask, model.grid, generator).expand(64, -1)
        painted = model.decode(model.encode(images[rows], hidden), hidden)
        holes = pixel_mask(hidden, model.grid, (SIZE, SIZE)).expand_as(painted)
        loss = (painted - images[rows])[holes].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def _policy(folder: Path) -> dict[str, Any]:
    """Rules that look at everything and ask for little."""
    shape = {"channels": 1, "image_size": SIZE, "width": 4, "dimension": 8}
    extractors = {}
    for role, task, classes in (("distance", "tower", 0), ("fid", "classifier", 2)):
        torch.manual_seed(1)
        config = SmallCnnConfig(name=f"tiny-{task}", task=task, classes=classes, **shape)
        pins = save(SmallCnn(config), folder / task)
        extractors[role] = {"uri": f"small-cnn:extractors/{task}", **pins}
    return {
        "version": 1,
        "name": "tiny",
        "extractors": extractors,
        "masks": {"train": ["centre:2x2"], "score": ["centre:2x2"], "held_out": ["outpaint:2x2"]},
        "evaluation": {"seed": 0},
        "privacy": {"forget_pictures": False},
        "audit": {"attacks": ["mask-sweep", "encoder-swap"], "images": 12},
        "rules": {
            "forget-distance-rises": {"minimum_rise": 1e-9, "confidence": 0.9},
            "retain-fid": {"relative": 1e3, "absolute": 1e6, "minimum_images": 20},
            "retain-distance": {"margin": 1.0, "minimum_images": 20},
            "sample-counts": {"minimum": {"forget": 10, "holdout": 20, "neighbours": 5}},
            "hygiene": {},
            "altered-queries": {"minimum_rise": 1e-9, "report_only": True},
        },
    }


def read(path: Path) -> dict[str, Any]:
    """A JSON document."""
    return dict(json.loads(path.read_text()))
