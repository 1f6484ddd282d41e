"""unlearn: from the model in service and the sets of a run to a model that has forgotten."""

import json
import logging
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from efface.evidence.purge import will_write
from efface.files import read_json, sha256_bytes
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.methods import Method
from efface.models.checkpoint import check_model_place, load_model, save_model
from efface.models.protocol import ImageToImageModel
from efface.settings import read_settings as read_environment
from efface.storage import open_store
from efface.storage.fetching import fetch_folder, is_remote
from efface.training.choosing import choose_method
from efface.training.device import make_deterministic, move, pick_device
from efface.training.loop import Outcome, unlearn
from efface.training.prepare import prepare
from efface.training.settings import TrainingSettings, read_settings, settings_to_dict
from efface.training.stopping import make_probe

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
        model: a model folder, s3://bucket/prefix of one, or models:/NAME@champion.
        registry: MLflow tracking address, used for a model named models:/...; empty for that of
            the environment.
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
    chosen = choose_method(settings)
    run_folder = f"{workspace.rstrip('/')}/{run_id}"
    download = before.with_name(f"{before.name}-download")
    for place in (before, download, after, f"{run_folder}/resume"):
        will_write(workspace, run_id, str(place))
    base = _model_in_service(model, registry, before)
    make_deterministic(settings.seed)
    student = load_model(before)
    lineage = _lineage(base, settings, sets)
    if chosen.loss is None:
        save_model(student, after, lineage)
        return {"steps": 0.0}
    outcome = _train(student, chosen, before, sets, checked, settings, run_folder, lineage)
    move(student, torch.device("cpu"))
    found = save_model(student, after, {**lineage, **asdict(outcome)})
    log.info("unlearn=done steps=%d fingerprint=%s", outcome.steps, found[:12])
    return {key: float(value) for key, value in asdict(outcome).items()}


def _train(
    student: ImageToImageModel,
    method: Method,
    before: Path,
    sets: Path,
    policy: Policy,
    settings: TrainingSettings,
    run_folder: str,
    lineage: dict[str, Any],
) -> Outcome:
    device = pick_device()
    teacher = load_model(before)
    move(teacher, device)
    probe = make_probe(teacher, sets, policy, settings, device)
    with tempfile.TemporaryDirectory(prefix="efface-") as scratch:
        objective = prepare(
            teacher, sets, policy, method, settings, scratch=Path(scratch), device=device
        )
        del teacher  # from memory, unless live targets hold it
        move(student, device)
        return unlearn(
            student,
            objective,
            store=open_store(run_folder),
            identity=sha256_bytes(json.dumps(lineage, sort_keys=True).encode()),
            is_enough=lambda: probe(student),
        )


def _model_in_service(model: str, registry: str, before: Path) -> str:
    """Put the model in service at ``before``, rewritten by efface; returns its fingerprint.

    A download lies beside ``before`` until it is rewritten, so that a killed run leaves no weights
    where settle does not look.
    """
    check_model_place(model)
    lineage = {"source": model}
    if Path(model).is_dir():
        return save_model(load_model(Path(model)), before, lineage)
    fetched = before.with_name(f"{before.name}-download")
    try:
        if is_remote(model):
            fetch_folder(model, fetched)
        else:
            from efface.registry import download_in_service

            address = read_environment().registry_for(registry)
            download_in_service(model, registry=address, into=fetched)
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
