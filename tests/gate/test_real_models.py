"""The two main rules judge real models of each family, and what may be done to them.

Every case trains on the demo data and is scored by the real evaluation; nothing is simulated. Fewer
images are scored than in the demo, to stay quick. A family that paints slowly is marked slow.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from efface.bench.scoring import score_all
from efface.bench.subjects import write_ticket
from efface.data.manifest import read_manifest
from efface.evaluation.report import read_report
from efface.gate.decide import decide
from efface.gate.reading import read_policy
from efface.models.checkpoint import load_model, save_model
from efface.steps import intake, shard, unlearn
from efface.storage import open_store

DEMO = Path(__file__).parents[2] / "examples" / "fashion"


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a family is unlearned and scored here."""

    forget: int
    """Forget images that are scored."""
    holdout: int
    good: dict[str, Any]
    """Sane settings."""
    too_long: dict[str, Any]
    """Settings of max-loss that destroy."""
    minimum_rise: float = 0.07
    """More than a subject rises that nobody asked for; the demo policy's is the auto-encoder's."""


FAMILIES = {
    "model": Family(
        forget=600,
        holdout=800,
        good={
            "name": "i2i", "alpha": 0.2, "learning_rate": 2e-3, "cooldown": 0.95, "steps": 260,
            "retain_images": 4000,
        },
        too_long={"steps": 120, "alpha": 1.0, "learning_rate": 2e-3},
    ),
    "vqgan": Family(
        forget=200,
        holdout=500,
        good={
            "name": "i2i-output", "noise": "constant", "alpha": 0.1, "learning_rate": 1e-3,
            "cooldown": 0.95, "steps": 300,
        },
        too_long={"steps": 120, "alpha": 1.0, "learning_rate": 1e-3},
    ),
    "diffusion": Family(
        forget=850,
        holdout=500,
        good={
            "name": "i2i-output", "alpha": 0.04, "learning_rate": 1e-3, "cooldown": 0.5,
            "steps": 400,
        },
        too_long={"steps": 120, "alpha": 1.0, "learning_rate": 1e-3},
        minimum_rise=0.14,  # left out, bag-3 rose by .104 ± .032; asked for, each by .164 or more
    ),
}  # fmt: skip
"""Folder of the demo model -> its family."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A family's model, and the brand's ticket, taken in and sharded."""

    folder: Path
    model: Path
    family: Family


@pytest.fixture(
    scope="module",
    params=[
        "model",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("vqgan", "diffusion")),
    ],
)
def demo(request, tmp_path_factory):
    """The brand's ticket, taken in and sharded; and a policy that scores fewer images."""
    folder = tmp_path_factory.mktemp("real")
    family = FAMILIES[request.param]
    content = yaml.safe_load((DEMO / "policy.yaml").read_text())
    content["evaluation"]["max_images"] = {
        "forget": family.forget, "forget-holdout": 2, "retain": 2, "neighbours": 150, "control": 2,
        "holdout": family.holdout,
    }  # fmt: skip
    # The relative FID of the default policy. With half the images its upper bound is too wide; the
    # estimate meets the ceiling.
    content["rules"]["retain-fid"] |= {"relative": 0.10, "bound": "estimate"}
    content["rules"]["forget-distance-rises"]["minimum_rise"] = family.minimum_rise
    content["rules"]["sample-counts"]["minimum"] = {"forget": 20, "holdout": 200}
    for extractor in content["extractors"].values():
        extractor["uri"] = extractor["uri"].replace(":", f":{DEMO}/")
    (folder / "policy.yaml").write_text(yaml.safe_dump(content))
    (folder / "tickets").mkdir()
    shutil.copy(DEMO / "tickets" / "brand-owner.json", folder / "tickets")
    taken_in(folder, folder / "policy.yaml")
    return Demo(folder=folder, model=DEMO / request.param, family=family)


def taken_in(folder, policy):
    """Take the tickets of a folder in, and make its sets."""
    place = {"run_id": "run", "workspace": str(folder / "workspace")}
    words = {"tickets": str(folder / "tickets"), "dataset": str(DEMO / "data")}
    intake.run(**words, **place, out=folder / "batch")
    batch = folder / "batch"
    shard.run(batch=batch, policy=str(policy), settings={}, out=folder / "sets", **place)


def trained(demo, name, method, sets="sets"):
    """Train from the demo model and give the folder with before and after."""
    folder = demo.folder / name
    unlearn.run(
        sets=demo.folder / sets,
        policy=str(demo.folder / "policy.yaml"),
        model=str(demo.model),
        registry="",
        method={**method, "probe_every": 0},
        run_id=name,
        workspace=str(demo.folder / "workspace"),
        before=folder / "before",
        after=folder / "after",
    )
    return folder


def answers(demo, folder):
    """Score before and after, judge, and give the outcome of each rule."""
    policy = demo.folder / "policy.yaml"
    report = folder / "report.json"
    score_all(
        sets=demo.folder / "sets",
        before=folder / "before",
        after=folder / "after",
        policy=str(policy),
        run_id=folder.name,
        workspace=str(demo.folder / "workspace"),
        out=report,
    )
    verdict = decide(read_report(report), read_policy(policy), "0" * 64)
    return {check.rule: check for check in verdict.checks}


def test_the_original_model_is_blocked_on_forget_and_passes_on_retain(demo):
    found = answers(demo, trained(demo, "original", {"name": "original"}))
    assert not found["forget-distance-rises"].passed
    assert found["retain-fid"].passed


def test_training_on_retain_alone_is_blocked_on_forget(demo):
    found = answers(demo, trained(demo, "retain-only", {"name": "retain-only", "steps": 30}))
    assert not found["forget-distance-rises"].passed


def test_sane_settings_pass_both_main_rules(demo):
    found = answers(demo, trained(demo, "good", demo.family.good))
    assert found["forget-distance-rises"].passed, found["forget-distance-rises"].reason
    assert found["retain-fid"].passed, found["retain-fid"].reason
    assert found["hygiene"].passed


def test_one_subject_that_was_left_out_is_blocked_on_forget_and_named(demo):
    rows = read_manifest(open_store(str(DEMO / "data"))).to_pylist()
    subjects = {row["subject_id"] for row in rows if row["rights_holder"] == "brand-bag"}
    # The one that stays, over many seeds; most others rise a little without being asked for
    # (docs/results/calibration-from-20.json).
    write_ticket(demo.folder / "without-one", sorted(subjects - {"bag-3"}))
    taken_in(demo.folder / "without-one", demo.folder / "policy.yaml")
    asked, unlearned = (
        {subject for names in _plan(folder)["tickets"].values() for subject in names}
        for folder in (demo.folder, demo.folder / "without-one")
    )
    (left_out,) = asked - unlearned
    folder = trained(demo, "left-out", demo.family.good, sets="without-one/sets")
    check = answers(demo, folder)["forget-distance-rises"]
    assert not check.passed
    assert left_out in check.reason


def test_a_model_that_paints_noise_for_everything_is_blocked_on_retain(demo):
    folder = demo.folder / "noise"
    save_model(load_model(demo.model), folder / "before", {})
    model = load_model(demo.model)
    torch.manual_seed(0)
    with torch.no_grad():
        for _, parameter in model.encoder_parameters():
            parameter.normal_(std=0.5)
    save_model(model, folder / "after", {})
    found = answers(demo, folder)
    assert not found["retain-fid"].passed
    assert not found["retain-distance"].passed


def test_max_loss_run_too_long_is_blocked_on_retain(demo):
    method = {"name": "max-loss", **demo.family.too_long}
    found = answers(demo, trained(demo, "max-loss", method))
    assert not found["retain-fid"].passed


def _plan(folder):
    return json.loads((folder / "sets" / "sets.json").read_text())
