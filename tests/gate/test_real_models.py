"""The two main rules judge real models of each family, and what may be done to them.

Every case trains on the demo data and is scored by the real evaluation; nothing is simulated. Fewer
images are scored than in the demo, to stay quick. A family that paints slowly is marked slow.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
import yaml

from efface.bench.scoring import score_all
from efface.data.manifest import SET_SCHEMA, read_manifest, write_manifest
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
        forget=200,
        holdout=500,
        good={
            "name": "i2i-output", "alpha": 0.02, "learning_rate": 1e-3, "cooldown": 0.95,
            "steps": 400,
        },
        too_long={"steps": 120, "alpha": 1.0, "learning_rate": 1e-3},
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
    content["rules"]["sample-counts"]["minimum"] = {"forget": 20, "holdout": 200}
    for extractor in content["extractors"].values():
        extractor["uri"] = extractor["uri"].replace(":", f":{DEMO}/")
    (folder / "policy.yaml").write_text(yaml.safe_dump(content))
    (folder / "tickets").mkdir()
    shutil.copy(DEMO / "tickets" / "brand-owner.json", folder / "tickets")
    place = {"run_id": "run", "workspace": str(folder / "workspace")}
    words = {"tickets": str(folder / "tickets"), "dataset": str(DEMO / "data")}
    intake.run(**words, **place, out=folder / "batch")
    policy = str(folder / "policy.yaml")
    sets = folder / "sets"
    shard.run(batch=folder / "batch", policy=policy, settings={}, out=sets, **place)
    return Demo(folder=folder, model=DEMO / request.param, family=family)


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
    shutil.copytree(demo.folder / "sets", demo.folder / "sets-left-out")
    store = open_store(str(demo.folder / "sets-left-out" / "forget"))
    rows = read_manifest(store)
    plan = json.loads((demo.folder / "sets" / "sets.json").read_text())
    left_out = sorted(next(iter(plan["tickets"].values())))[0]
    kept = rows.filter(pc.not_equal(rows["subject_id"], left_out))
    of_subject = rows.filter(pc.equal(rows["subject_id"], left_out))
    write_manifest(store, kept, SET_SCHEMA)
    _also_retained(demo.folder / "sets-left-out", of_subject)
    folder = trained(demo, "left-out", demo.family.good, sets="sets-left-out")
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


def _also_retained(sets: Path, rows: pa.Table) -> None:
    """Put the left-out subject's images among the retained ones, as if nobody had asked."""
    forget, retain = sets / "forget", open_store(str(sets / "retain"))
    for name in set(rows["shard"].to_pylist()):
        shutil.copy(forget / name, sets / "retain" / f"forget-{Path(name).name}")
    renamed = [f"forget-{Path(name).name}" for name in rows["shard"].to_pylist()]
    place = rows.schema.get_field_index("shard")
    rows = rows.set_column(place, "shard", pa.array(renamed))
    write_manifest(retain, pa.concat_tables([read_manifest(retain), rows]), SET_SCHEMA)
