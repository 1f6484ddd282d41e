"""docs/bring-your-own.md, followed: colour pictures of several formats and sizes, own model."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from efface.cli import main
from efface.data.reading import read_images
from efface.evaluation.report import read_report
from efface.gate.verdict import read_verdict
from efface.metrics.extractors.small_cnn import SmallCnn, SmallCnnConfig, save
from tests.given import put_ticket
from tests.tiny import tiny_mae

PAGE = (Path(__file__).parents[1] / "docs" / "bring-your-own.md").read_text()
SIZE = 24
SPLITS = {"train": 8, "holdout": 6, "control": 4}
SIZES = [(40, 30), (24, 24), (31, 57)]
FORMATS = ["png", "webp", "jpeg"]


def put_pictures(folder: Path) -> None:
    """Pictures of three people, and the table that says whose they are."""
    random, lines = np.random.default_rng(0), []
    for subject in ("anna", "cleo", "dan"):
        for split, count in SPLITS.items():
            for number in range(count):
                name = f"{subject}/{split}-{number}.{FORMATS[number % 3]}"
                width, height = SIZES[number % 3]
                (folder / subject).mkdir(parents=True, exist_ok=True)
                pixels = random.integers(0, 256, (height, width, 3), np.uint8)
                Image.fromarray(pixels).save(folder / name)
                lines.append([name, subject, "studio", split])
    with (folder / "table.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["sample", "subject", "rights_holder", "split"], *lines])


def put_policy(folder: Path) -> None:
    """A policy with the two main rules, and extractors for colour images."""
    extractors = {}
    for role, task, classes in (("distance", "tower", 0), ("fid", "classifier", 2)):
        torch.manual_seed(1)
        config = SmallCnnConfig(
            name=f"tiny-{task}", task=task, classes=classes,
            channels=3, image_size=16, width=4, dimension=8,
        )  # fmt: skip
        pins = save(SmallCnn(config), folder / task)
        extractors[role] = {"uri": f"small-cnn:{task}", **pins}
    policy = {
        "version": 1,
        "name": "own",
        "extractors": extractors,
        "masks": {"train": ["centre:4x4"], "score": ["centre:4x4"], "held_out": ["centre:2x2"]},
        "evaluation": {"seed": 0},
        "privacy": {"forget_pictures": False},
        "rules": {
            "forget-distance-rises": {"minimum_rise": 0.01},
            "retain-fid": {"relative": 0.05, "absolute": 40, "minimum_images": 8},
        },
    }
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", "0123456789abcdef-for-tests")
    put_pictures(tmp_path / "pictures")
    put_policy(tmp_path)
    put_ticket(tmp_path / "tickets", "t-1", "anna")
    tiny_mae(image_size=SIZE, num_channels=3).save(tmp_path / "my-model")
    return tmp_path


def test_own_pictures_and_an_own_model_go_through_the_whole_pipeline(folder, registry):
    data, model = re.findall(r"^\$ efface ((?:data|model) import .*)$", PAGE, re.MULTILINE)
    assert main(data.split()) == 0
    assert main([*model.split(), "--registry", registry]) == 0
    words = "--tickets tickets --dataset dataset --policy policy.yaml --name painter"
    words += " --model models:/painter@champion --set steps=3 --set batch_size=4 --workdir run"
    words += " --set probe_every=0 --set noise_images=8 --sharding neighbours=5"
    ended = main(["run", *words.split(), "--registry", registry])
    verdict, report = (
        read_verdict(folder / "run/verdict.json"),
        read_report(folder / "run/report.json"),
    )
    assert ended == (0 if verdict.passed else 3)
    assert {check.rule for check in verdict.checks} == {"forget-distance-rises", "retain-fid"}
    forget = report.find(set="forget", metric="distance", side="change", region="hole")
    assert {score.n for score in forget} == {SPLITS["train"]}
    assert not (folder / "run" / "sets").exists()


def test_mixed_sizes_and_formats_become_what_the_model_reads(folder):
    data = re.search(r"^\$ efface (data import .*)$", PAGE, re.MULTILINE)[1]
    main(data.split())
    images, rows = read_images(folder / "dataset", size=SIZE, channels=3)
    assert images.shape == (3 * sum(SPLITS.values()), 3, SIZE, SIZE)
    sizes = set(zip(rows["width"].to_pylist(), rows["height"].to_pylist(), strict=True))
    assert sizes == set(SIZES)
