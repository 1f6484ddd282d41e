"""Under which names sets, models and scores are kept: hashes of all that they depend on.

A change of what is hashed here makes everything anew that was kept; ``tests/bench/test_keys.py``
holds it in place.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from efface import __version__
from efface.data.manifest import NAME as MANIFEST
from efface.data.set_settings import parse_settings
from efface.errors import InputError
from efface.files import sha256_bytes
from efface.gate.reading import read_policy
from efface.models.checkpoint import fingerprint
from efface.storage import open_store
from efface.training.device import find_precision, pick_device
from efface.training.settings import read_settings, settings_to_dict
from efface.training.stopping import what_decides


def key(*parts: Any) -> str:
    """A hash of plain values, short enough for a file name."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())[:16]


def sets_key(dataset: str, ticket: Path, sharding: dict[str, Any], policy: Path) -> str:
    """Of the sets of a ticket.

    Raises:
        InputError: the ticket cannot be read.
    """
    content = sha256_bytes(open_store(dataset).read(MANIFEST))
    asked = read_policy(policy)
    looks = asked.evaluation.seed, asked.extractors["distance"].pins
    how = asdict(parse_settings(sharding))
    return key(__version__, dataset, content, _text(ticket), how, *looks)


def model_key(
    sets: str, model: Path, made: Path | None, settings: dict[str, Any], policy: Path
) -> str:
    """Of what was made of a model: by a training with some settings, or elsewhere.

    Args:
        sets: key of the sets.
        model: folder of the model in service.
        made: folder of a finished model in place of an unlearned one.
        settings: of the training.
        policy: path.
    """
    source = fingerprint(model), fingerprint(made) if made else ""
    full, asked = _resolved(settings), read_policy(policy)
    stop = [what_decides(asked)] if full["probe_every"] else []
    return key(sets, *source, full, asked.masks.train, *stop)


def scores_key(model: str, policy: Path) -> str:
    """Of a model's scores: not the policy's rules, and not where its extractors lie."""
    content = yaml.safe_load(policy.read_text())
    kept = {name: content[name] for name in ("version", "masks", "evaluation")}
    pins = {role: spec.pins for role, spec in read_policy(policy).extractors.items()}
    return key(model, {**kept, "extractors": pins})


def _resolved(given: dict[str, Any]) -> dict[str, Any]:
    """All settings of a training, with what the defaults and ``auto`` mean on this machine."""
    settings = settings_to_dict(read_settings(given))
    return {**settings, "precision": find_precision(pick_device(), settings["precision"])}


def _text(ticket: Path) -> str:
    try:
        return ticket.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"ticket {ticket} cannot be read: {error}") from None
