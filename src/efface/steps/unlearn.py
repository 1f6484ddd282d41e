"""unlearn: from the model in service and the sets of a run to a model that has forgotten."""

import json
import logging
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from efface.data.reading import read_images
from efface.errors import DataError
from efface.evidence.purge import will_write
from efface.files import read_json, sha256_bytes
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.methods import find_method
from efface.models.checkpoint import check_model_place, load_model, save_model
from efface.models.protocol import ImageToImageModel
from efface.storage import open_store
from efface.training.bank import make_bank
from efface.training.batches import Plan, make_plan
from efface.training.device import make_deterministic, pick_device
from efface.training.loop import Images, Outcome, unlearn
from efface.training.settings import TrainingSettings, read_settings, settings_to_dict
from efface.training.stopping import make_probe
from efface.training.targets import CHUNK, Targets, compute_targets

log = logging.getLogger(__name__)


def run(
    *,
    sets: Path,
    policy: str,
    model: str,
    registry: str,
    method: dict[str, Any],
    run_id: str,
    workspace: str,
    before: Path,
    after: Path,
) -> dict[str, float]:
    """Unlearn the forget set.

    Args:
        sets: folder that the shard step wrote.
        policy: path of the policy.
        model: a model folder, or models:/NAME@champion.
        registry: MLflow tracking URI, used for a model named models:/...
        method: settings of the method (see ``TrainingSettings``), with ``preset`` if wanted.
        run_id: name of the run.
        workspace: place shared by the steps of the run; holds the training state.
        before: folder to write the model in service to, as it was.
        after: folder to write the unlearned model to.

    Returns:
        Scalars about the training: steps, losses, whether it stopped early.

    Raises:
        InputError: settings, policy, sets or model are wrong.
        TrainingError: the optimisation broke down.
    """
    settings = read_settings(method)
    checked = read_policy(policy)
    chosen = find_method(settings.name)
    for folder in (before, before.with_name(f"{before.name}-download"), after):
        will_write(workspace, run_id, str(folder))
    base = _model_in_service(model, registry, before)
    make_deterministic(settings.seed)
    student = load_model(before)
    lineage = _lineage(base, settings, sets)
    if chosen.loss is None:
        save_model(student, after, lineage)
        return {"steps": 0.0}
    outcome = _train(student, before, sets, checked, settings, run_id, workspace, lineage)
    student.module.to("cpu")
    found = save_model(student, after, {**lineage, **asdict(outcome)})
    log.info("unlearn=done steps=%d fingerprint=%s", outcome.steps, found[:12])
    return {key: float(value) for key, value in asdict(outcome).items()}


def _train(
    student: ImageToImageModel,
    before: Path,
    sets: Path,
    policy: Policy,
    settings: TrainingSettings,
    run_id: str,
    workspace: str,
    lineage: dict[str, Any],
) -> Outcome:
    method = find_method(settings.name)
    device = pick_device()
    store = open_store(f"{workspace.rstrip('/')}/{run_id}")
    will_write(workspace, run_id, f"{workspace.rstrip('/')}/{run_id}/resume")
    pixels, plan = _load(student, sets, policy, settings)
    teacher = load_model(before)
    teacher.module.to(device)
    images = Images(
        retain=_prepared(teacher, pixels.retain, device),
        forget=_prepared(teacher, pixels.forget, device),
    )
    probe = make_probe(teacher, sets, policy, settings, device)
    with tempfile.TemporaryDirectory(prefix="efface-") as scratch:
        targets: Targets | None = None
        if method.uses_targets:
            targets = compute_targets(
                teacher,
                images.retain,
                pixels.forget,
                plan,
                noise_images=settings.noise_images,
                memory=settings.target_memory,
                disk=settings.target_disk,
                device=device,
                scratch=Path(scratch),
            )
        del teacher  # from memory, unless live targets hold it
        student.module.to(device)
        return unlearn(
            student,
            images,
            plan,
            targets,
            method,
            settings,
            store=store,
            identity=sha256_bytes(json.dumps(lineage, sort_keys=True).encode()),
            is_enough=lambda: probe(student),
            device=device,
        )


def _load(
    model: ImageToImageModel, sets: Path, policy: Policy, settings: TrainingSettings
) -> tuple[Images, Plan]:
    size, channels = model.image_size, model.channels
    retain, rows = read_images(
        sets / "retain", size=size, channels=channels, limit=settings.retain_images
    )
    forget, asked = read_images(sets / "forget", size=size, channels=channels)
    if not len(forget) or not len(retain):
        raise DataError(
            f"{sets}: needs forget and retain images, found {len(forget)} and {len(retain)}"
        )
    bank = make_bank(
        policy.masks.train,
        model.grid,
        per_policy=settings.masks_per_policy,
        seed=settings.seed,
        levels=model.levels,
    )
    plan = make_plan(
        bank,
        rows["similarity"].to_numpy(),
        forget_subjects=asked["subject_id"].to_pylist(),
        batch_size=settings.batch_size,
        neighbour_share=settings.neighbour_share,
        seed=settings.seed,
    )
    return Images(retain=torch.from_numpy(retain), forget=torch.from_numpy(forget)), plan


def _prepared(model: ImageToImageModel, images_NCHW: Tensor, device: torch.device) -> Tensor:
    with torch.inference_mode():
        return torch.cat(
            [
                model.prepare(images_NCHW[start : start + CHUNK].to(device)).cpu()
                for start in range(0, len(images_NCHW), CHUNK)
            ]
        )


def _model_in_service(model: str, registry: str, before: Path) -> str:
    """Put the model in service at ``before``, rewritten by efface; returns its fingerprint.

    A download lies beside ``before`` until it is rewritten, so that a killed run leaves no weights
    where settle does not look.
    """
    check_model_place(model)
    lineage = {"source": model}
    if not model.startswith("models:"):
        return save_model(load_model(Path(model)), before, lineage)
    from efface.registry import download_in_service

    fetched = before.with_name(f"{before.name}-download")
    try:
        download_in_service(model, registry=registry, into=fetched)
        return save_model(load_model(fetched), before, lineage)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)


def _lineage(base: str, settings: TrainingSettings, sets: Path) -> dict[str, Any]:
    plan = read_json(sets / "sets.json", kind="sets", version=1)
    return {
        "base": base,
        "dataset_sha256": plan["dataset_sha256"],
        "sets": {name: entry["fingerprint"] for name, entry in plan["sets"].items()},
        "settings": settings_to_dict(settings),
    }
