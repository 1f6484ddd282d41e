"""unlearn: from the model in service and the sets of a run to a model that has forgotten."""

import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from efface.audit.fitting import check_audit_fits
from efface.errors import ConfigError, TrainingError
from efface.evidence.purge import is_noted, will_write
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.models.checkpoint import RECORD, check_model_place, fingerprint, load_model, save_model
from efface.models.mask_policy import check_held_out
from efface.models.masks import check_masks
from efface.models.usable import check_usable
from efface.settings import read_settings as read_environment
from efface.steps.handover.output_folder import check_output
from efface.steps.handover.sets_file import read_sets, set_fingerprints
from efface.storage import open_store
from efface.storage.fetching import fetch_folder, is_remote
from efface.storage.places import absolute
from efface.tickets.answer import withdraw_answer, write_answer
from efface.training.choosing import read_method
from efface.training.job import Job, train
from efface.training.loop import Outcome
from efface.training.processes import train_in_processes
from efface.training.settings import TrainingSettings, settings_to_dict
from efface.training.spread import Spread, take_spread

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
        method: settings of the method (see ``TrainingSettings``), with ``preset`` if wanted, and
            of processes and nodes (see ``Spread``).
        run_id: name of the run.
        workspace: place shared by the steps of the run; holds the training state, and gets the
            answer for the tickets where the training broke down.
        before: folder to write the model in service to, as it was.
        after: folder to write the unlearned model to.

    Returns:
        Scalars about the training: steps, losses, whether it stopped early.

    Raises:
        InputError: settings, policy, sets or model are wrong, or something else is where a model
            is to be written.
        TrainingError: the optimisation broke down.
        PreemptedError: SIGTERM came; the training state is saved.
    """
    if before.resolve() == after.resolve():
        raise ConfigError(f"before and after are both {before}: name two folders")
    spread, rest = take_spread(method)
    settings, chosen = read_method(rest)
    asked = read_policy(policy)
    run_folder = f"{workspace.rstrip('/')}/{run_id}"
    download = [] if Path(model).is_dir() else [_download(before)]
    check_output(before, marker=RECORD, inputs=[sets, model, policy, after])
    check_output(after, marker=RECORD, inputs=[sets, model, policy, before])
    for fetched in download:
        if not is_noted(workspace, run_id, str(fetched)):  # else a killed attempt left it
            check_output(fetched, marker="", inputs=[])
    exchange = [f"{run_folder}/exchange"] if spread.nodes > 1 else []
    for place in (before, *download, after, f"{run_folder}/resume", *exchange):
        will_write(workspace, run_id, str(place))
    base, grid = _model_in_service(model, registry, before, asked)
    trained = asked.masks.train if chosen.loss is not None else []
    lineage = _lineage(base, settings, sets) | {"masks": trained, "grid": list(grid)}
    if chosen.loss is None:
        save_model(load_model(before), after, lineage)
        return {"steps": 0.0}
    job = Job(
        sets=str(sets.absolute()),
        policy=absolute(policy),
        before=str(before.absolute()),
        after=str(after.absolute()),
        state=absolute(run_folder),
        settings=settings,
        lineage=lineage,
    )
    outcome = _train(job, spread, run_id)
    log.info("unlearn=done steps=%d fingerprint=%s", outcome.steps, fingerprint(after)[:12])
    return {key: float(value) for key, value in asdict(outcome).items()}


def _download(before: Path) -> Path:
    """Where a model from elsewhere lies until it is rewritten at ``before``."""
    return before.with_name(f"{before.name}-download")


def _train(job: Job, spread: Spread, run_id: str) -> Outcome:
    """Train; a training that broke down answers the tickets, as no gate will."""
    shared = open_store(job.state)
    withdraw_answer(shared)
    try:
        return _train_where_asked(job, spread, run_id)
    except TrainingError as error:
        write_answer(shared, passed=False, reasons=[str(error)])
        raise


def _train_where_asked(job: Job, spread: Spread, run_id: str) -> Outcome:
    if spread.nodes > 1:
        from efface.cluster.launcher import train_on_nodes  # needs the Kubernetes client

        return train_on_nodes(job, spread, run_id=run_id)
    processes = spread.processes_here(torch.cuda.device_count())
    spread.check_batch(job.settings.batch_size, processes)
    return train(job) if processes == 1 else train_in_processes(job, processes)


def _model_in_service(
    model: str, registry: str, before: Path, asked: Policy
) -> tuple[str, tuple[int, int]]:
    """Put the model in service at ``before``, rewritten by efface.

    Masks that its patch grid cannot take, held-out ones that are trained on there, attacks that
    would show nothing on it, and a model that paints no numbers are refused here, before the
    training. Returns its fingerprint, and the rows and columns of its patch grid.

    A download lies beside ``before`` until it is rewritten, so that a killed run leaves no weights
    where settle does not look.
    """
    check_model_place(model)

    def rewrite(folder: Path) -> tuple[str, tuple[int, int]]:
        found = load_model(folder)
        masks = asked.masks
        check_masks({f"masks.{key}": one for key, one in asdict(masks).items()}, found.grid)
        check_held_out(masks.train, masks.held_out, found.grid)
        check_audit_fits(asked.audit, found)
        check_usable(found, folder)
        return save_model(found, before, {"source": model}), found.grid

    if Path(model).is_dir():
        return rewrite(Path(model))
    fetched = _download(before)
    try:
        if is_remote(model):
            fetch_folder(model, fetched)
        else:
            from efface.registry import download_in_service

            address = read_environment().registry_for(registry)
            download_in_service(model, registry=address, into=fetched)
        return rewrite(fetched)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)


def _lineage(base: str, settings: TrainingSettings, sets: Path) -> dict[str, Any]:
    plan = read_sets(sets)
    return {
        "base": base,
        "dataset_sha256": plan["dataset_sha256"],
        "sets": set_fingerprints(plan),
        "settings": settings_to_dict(settings),
    }
