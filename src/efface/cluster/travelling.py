"""What goes to the nodes and comes back, through the exchange."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import yaml

from efface.errors import ConfigError, InfrastructureError
from efface.files import whole_folder, write_bytes
from efface.gate.reading import read_policy
from efface.metrics.extractors.loading import PLACE, check_extractor
from efface.models.checkpoint import fingerprint, read_record
from efface.storage import Store
from efface.training.answers import forget_answers
from efface.training.exchange import collect, deliver
from efface.training.job import Job, write_job


def send_job(job: Job, exchange: Store) -> None:
    """Put a job and its inputs into the exchange; the job itself last.

    Raises:
        ConfigError, CheckpointError: an extractor that the nodes would ask is not what the policy
            says.
    """
    _check_extractors(job)
    with tempfile.TemporaryDirectory(prefix="efface-") as folder:
        policy = job.policy
        if "://" not in policy:  # nodes reach what is not on a disk as the launcher does
            _pack_policy(job, Path(folder))
            policy = "policy/policy.yaml"
        forget_answers(exchange)
        exchange.erase("after")
        deliver(Path(job.sets), exchange, "sets")
        deliver(Path(job.before), exchange, "before")
        if policy != job.policy:
            deliver(Path(folder), exchange, "policy")
    write_job(exchange, replace(job, sets="sets", before="before", after="after", policy=policy))


def fetch_model(exchange: Store, job: Job) -> None:
    """Take the unlearned model out of the exchange.

    Raises:
        InfrastructureError: its weights are not those that were put in.
    """
    after = Path(job.after)
    with tempfile.TemporaryDirectory(dir=after.parent, prefix=f".{after.name}.") as folder:
        collect(exchange, "after", Path(folder))
        with whole_folder(after) as temporary:
            shutil.copytree(Path(folder) / "after", temporary, dirs_exist_ok=True)
    if fingerprint(after) != read_record(after)["fingerprint"]:
        raise InfrastructureError(
            f"the model in {exchange.place}/after was damaged on its way: run again"
        )


def _check_extractors(job: Job) -> None:
    policy = read_policy(job.policy)
    for spec in policy.extractors.values() if job.settings.probe_every else ():
        check_extractor(spec, policy.folder)


def _pack_policy(job: Job, folder: Path) -> None:
    """The policy with the two extractors that early stopping asks, beside it."""
    policy = read_policy(job.policy)
    content = yaml.safe_load(Path(job.policy).read_bytes())
    if job.settings.probe_every:
        for name, spec in policy.extractors.items():
            if "://" not in spec.uri:
                packed = _pack_extractor(spec.uri, Path(policy.folder), folder / name)
                content["extractors"][name]["uri"] = packed
    write_bytes(folder / "policy.yaml", yaml.safe_dump(content).encode())


def _pack_extractor(uri: str, beside: Path, folder: Path) -> str:
    """Copy what an extractor's uri names into a new folder; gives the uri seen from its parent.

    A file keeps its name: libraries tell formats of weights by it.
    """
    kind, _, place = uri.partition(":")
    head, path = found.groups() if (found := PLACE.fullmatch(place)) else ("", place)
    source = beside / path
    if not found or not source.exists():
        raise ConfigError(
            f"extractor {uri} cannot be sent to the nodes: its path holds a colon; rename it"
        )
    if source.is_dir():
        shutil.copytree(source, folder)
        return f"{kind}:{head}{folder.name}"
    folder.mkdir()
    shutil.copyfile(source, folder / source.name)
    return f"{kind}:{head}{folder.name}/{source.name}"
