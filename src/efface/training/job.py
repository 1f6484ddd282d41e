"""A training as a document, so that other processes can do it: where its inputs and results lie.

On one node all paths are absolute. Nodes share no disk: there a path is relative, and means a place
in the *exchange*, a folder or s3:// address that holds the job itself.
"""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from efface.errors import InfrastructureError
from efface.files import sha256_bytes
from efface.gate.reading import read_policy
from efface.models.checkpoint import load_model, save_model
from efface.storage import Store, open_store
from efface.training.choosing import choose_method
from efface.training.device import (
    find_precision,
    make_deterministic,
    move,
    name_hardware,
    pick_device,
)
from efface.training.group import ALONE, Group
from efface.training.loop import Outcome, unlearn
from efface.training.prepare import prepare
from efface.training.room import Room
from efface.training.settings import TrainingSettings, read_settings, settings_to_dict
from efface.training.stopping import make_probe

VERSION = 1
KEY = "job.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be trained."""

    sets: str
    """Folder that the shard step wrote."""
    policy: str
    """Policy file; its extractors lie where it says."""
    before: str
    """Folder of the model in service."""
    after: str
    """Folder for the unlearned model."""
    state: str
    """Place of the training state, shared by all nodes."""
    settings: TrainingSettings
    lineage: dict[str, Any]
    """Where the new model comes from; also what a training state must agree with."""

    @property
    def identity(self) -> str:
        """Hash of everything the run depends on."""
        return sha256_bytes(json.dumps(self.lineage, sort_keys=True).encode())


def write_job(exchange: Store, job: Job) -> None:
    """Leave a job for other processes."""
    content = {"version": VERSION, **vars(job), "settings": settings_to_dict(job.settings)}
    exchange.write(KEY, json.dumps(content).encode())


def read_job(exchange: Store) -> Job:
    """Take a job up.

    Raises:
        InputError: there is none.
        InfrastructureError: it was written by another version of efface.
    """
    content = json.loads(exchange.read(KEY))
    if (found := content.pop("version", None)) != VERSION:
        raise InfrastructureError(
            f"{exchange.place}/{KEY} has version {found!r}; this efface reads {VERSION}: give all "
            "nodes the same image"
        )
    return Job(**{**content, "settings": read_settings(content["settings"])})


def train(job: Job, group: Group = ALONE) -> Outcome:
    """Train, and write the unlearned model; of several processes, the first writes.

    Raises:
        InputError: sets, policy or model are wrong.
        TrainingError: the optimisation broke down.
        PreemptedError: SIGTERM came; the state is saved.
    """
    settings, policy = job.settings, read_policy(job.policy)
    make_deterministic(settings.seed)
    device = pick_device(group.local_rank)
    precision = find_precision(device, settings.precision)
    student, teacher = load_model(Path(job.before)), load_model(Path(job.before))
    move(teacher, device)
    probe = None
    if group.first:
        probe = make_probe(teacher, Path(job.sets), policy, settings, device)
    with tempfile.TemporaryDirectory(prefix="efface-") as scratch:
        objective = prepare(
            teacher,
            Path(job.sets),
            policy,
            choose_method(settings),
            settings,
            room=Room(scratch=Path(scratch), group=group),
            device=device,
        )
        del teacher  # from memory, unless live targets hold it
        move(student, device)
        outcome = unlearn(
            student,
            objective,
            store=open_store(job.state),
            identity=job.identity,
            is_enough=lambda: probe is not None and probe(student),
        )
    if group.first:
        move(student, torch.device("cpu"))
        trained = {"device": name_hardware(device), "precision": precision}
        save_model(student, Path(job.after), {**job.lineage, **asdict(outcome), "trained": trained})
    return outcome
