"""Train what the emoji bench needs: a ViT-MAE on 64 x 64 colour pictures, and two extractors.

    python examples/emoji/train.py

Reads runs/emoji/data and writes beside it extractors/, model/ and policy.yaml, which pins the
extractors by their hash. How each is trained is the fashion demo's; what differs is said here.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from efface.data.reading import read_images
from efface.metrics.extractors.small_cnn import SmallCnnConfig, save
from efface.models.mae import new_mae
from efface.training.device import name_hardware, pick_device

FASHION = Path(__file__).parents[1] / "fashion"
sys.path.append(str(FASHION))
from train_extractors import train  # noqa: E402
from train_model import CONFIG as SMALL  # noqa: E402
from train_model import MASKS, PEAK_RATE, fit  # noqa: E402

HOME = Path("runs/emoji")
SIZE, CHANNELS, SEED = 64, 3, 7
CONFIG = {**SMALL, "image_size": SIZE, "patch_size": 8, "num_channels": CHANNELS}
STEPS = {1: 2500, 2: 1000}
EPOCHS = {"tower": 20, "classifier": 20}


def train_extractors(
    images: Tensor, group: Tensor, subject: Tensor, out: Path
) -> dict[str, dict[str, str]]:
    """Train tower and classifier on the train split; gives what a policy pins them by."""
    found = {}
    for task in ("tower", "classifier"):
        classes = int(group.max()) + 1 if task == "classifier" else 0
        config = SmallCnnConfig(
            name=f"emoji-{task}", task=task, channels=CHANNELS, image_size=SIZE, width=16,
            dimension=64, classes=classes,
        )  # fmt: skip
        with torch.device(images.device):
            network = train(config, images, group, subject, EPOCHS[task])
        found[task] = save(network.cpu(), out / task)
        print(f"{task} pins={found[task]}", flush=True)
    return found


def train_model(images: Tensor, holdout: Tensor, out: Path) -> None:
    """Train the auto-encoder in two stages; the second dwells on the centre."""
    torch.manual_seed(SEED)
    model = new_mae(CONFIG, [0.5] * CHANNELS, [0.5] * CHANNELS).to(images.device)
    weights = sum(p.numel() for p in model.parameters() if p.requires_grad)
    for stage, steps in STEPS.items():
        print(f"{out.name} stage={stage} images={len(images)} weights={weights} steps={steps}")
        generator = torch.Generator().manual_seed(SEED + stage)
        fit(
            model, images, holdout, MASKS[stage], steps=steps, batch=128,
            peak_rate=PEAK_RATE[stage], generator=generator,
        )  # fmt: skip
    model.cpu().save(out)


def policy(pins: dict[str, dict[str, str]]) -> str:
    """The fashion demo's policy, with these extractors in place of its own."""
    content = yaml.safe_load((FASHION / "policy.yaml").read_text())
    content["name"] = "emoji"
    for role, task in (("distance", "tower"), ("fid", "classifier")):
        content["extractors"][role] = {"uri": f"small-cnn:extractors/{task}", **pins[task]}
    return yaml.safe_dump(content, sort_keys=False)


def main() -> None:
    """Train all, and write the policy last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=HOME)
    home = parser.parse_args().home
    device, started = pick_device(), time.monotonic()
    pixels, rows = read_images(home / "data", size=SIZE, channels=CHANNELS)
    images = torch.from_numpy(pixels).to(device).float() / 255
    seen = np.array(rows["split"].to_pylist()) == "train"
    unseen = np.array(rows["split"].to_pylist()) == "holdout"
    holder, subject = (np.array(rows[key].to_pylist()) for key in ("rights_holder", "subject_id"))
    group, person = (
        torch.from_numpy(np.unique(names, return_inverse=True)[1]).to(device)[seen]
        for names in (holder, subject)
    )
    pins = train_extractors(images[seen], group, person, home / "extractors")
    train_model(images[seen], images[unseen], home / "model")
    (home / "policy.yaml").write_text(policy(pins))
    print(f"seconds={time.monotonic() - started:.0f} device={name_hardware(device)}")


if __name__ == "__main__":
    main()
