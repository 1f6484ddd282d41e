"""The plan of a benchmark: which dataset, models, tickets and methods, as a YAML file.

    version: 1
    dataset: data
    policy: policy.yaml            # its extractors and seed; the rules are not asked
    masks: {train: ["centre:4x4"], score: ["centre:4x4", "centre:2x2"]}
    models: {mae: model}
    tickets: {class: tickets/brand-owner.json}
    methods: {original: {name: original}, i2i: {alpha: 0.1}}

Paths are relative to the plan's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from efface.bench.plan_checks import check_plan
from efface.bench.plan_schema import check_values
from efface.errors import ConfigError, InputError
from efface.files import refuse_endless
from efface.shown import shown
from efface.typed import is_version
from efface.unique_keys import load_yaml

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Quick:
    """What ``--quick`` leaves of a plan."""

    models: list[str] = field(default_factory=list)
    """Models that are measured; empty: all."""
    tickets: list[str] = field(default_factory=list)
    """Tickets that are measured; empty: all."""
    methods: list[str] = field(default_factory=list)
    """Methods that are measured; empty: all."""
    frontier: list[str] = field(default_factory=list)
    """Methods that the table ``frontier`` compares; empty: the plan's."""
    requests: int | None = None
    """Requests in a row; None: the plan's."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the training on top of each method's, such as fewer steps."""
    max_images: dict[str, int] = field(default_factory=dict)
    """Largest number of images scored in each set."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A checked plan."""

    folder: Path
    dataset: str
    """Place: a folder, or s3://."""
    policy: str
    """Place: a file, or s3://."""
    masks: dict[str, list[str]]
    """train and score."""
    models: dict[str, Path]
    """Name -> model folder."""
    tickets: dict[str, Path]
    """Name -> ticket file."""
    methods: dict[str, dict[str, Any]]
    """Row of the tables -> settings of the training (see ``TrainingSettings``)."""
    frontier: list[str] = field(default_factory=list)
    """Methods that the table ``frontier`` compares; empty: all."""
    requests: int = 10
    """How many requests in a row the table ``repeated`` makes."""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Model -> settings on top of each method's, for a family that needs another rate."""
    retrained: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Model -> ticket -> a model trained from scratch without that ticket's images."""
    retraining: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Model -> what training it from scratch took: ``images_seen``, ``seconds`` and ``masks``."""
    proxy: dict[str, Any] = field(default_factory=dict)
    """Sharding settings that take retain from elsewhere."""
    max_images: dict[str, int] = field(default_factory=dict)
    """Largest number of images scored in each set; the policy's when empty."""
    quick: Quick = field(default_factory=Quick)


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        InputError: it cannot be read, or names a model, a ticket or a policy that is none.
        ConfigError: it is not a plan, or names what is not there.
        InfrastructureError: the policy is in a bucket, which failed.
    """
    try:
        refuse_endless(path, "plan")
        given = load_yaml(path.read_text())
    except OSError as error:
        raise InputError(f"plan {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"plan {path} cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"plan {path} is not YAML: {error}") from None
    if not isinstance(given, dict) or not is_version(given.pop("version", None), VERSION):
        raise ConfigError(f"plan {path} needs `version: {VERSION}` and the keys {_keys(Plan)}")
    given = _filled(given)
    if isinstance(given.get("quick"), dict):
        given["quick"] = _filled(given["quick"])
    check_values(path, given)
    quick = _checked(given.pop("quick", {}), Quick, f"{path}: quick")
    words = _checked(given, Plan, str(path))
    missing = {"dataset", "policy", "masks", "models", "tickets", "methods"} - words.keys()
    if missing:
        raise ConfigError(f"plan {path} lacks {', '.join(sorted(missing))}")
    plan = _resolved(path.resolve().parent, words, Quick(**quick))
    check_plan(plan)
    return plan


def narrowed(plan: Plan, *, models: list[str], tickets: list[str]) -> Plan:
    """The plan with some of its models and tickets, in the order given; empty: all.

    Raises:
        ConfigError: a name that the plan does not have.
    """
    return replace(
        plan,
        models=_some(plan.models, models, "models"),
        tickets=_some(plan.tickets, tickets, "tickets"),
    )


def need_quick(plan: Plan) -> None:
    """Refuse a plan that ``--quick`` would run in full.

    Raises:
        ConfigError: it says nothing under ``quick``.
    """
    if plan.quick == Quick():
        raise ConfigError(
            "--quick: the plan has nothing under `quick`, and would run in full: add what is "
            "shorter, such as `quick: {settings: {steps: 30}, max_images: {holdout: 500}}`, or "
            "leave --quick out"
        )


def _some(known: dict[str, Path], names: list[str], kind: str) -> dict[str, Path]:
    if unknown := set(names) - known.keys():
        raise ConfigError(
            f"the plan has no {kind} {', '.join(sorted(unknown))}: use {', '.join(known)}"
        )
    return {name: known[name] for name in names or known}


def _resolved(folder: Path, words: dict[str, Any], quick: Quick) -> Plan:
    for name in ("policy", "dataset"):
        words[name] = _placed(folder, words[name])
    if proxy := words.get("proxy", {}).get("proxy"):
        words["proxy"] = {**words["proxy"], "proxy": _placed(folder, proxy)}
    exists = {"models": Path.is_dir, "tickets": Path.is_file}
    for name in ("models", "tickets"):
        words[name] = {key: folder / value for key, value in words[name].items()}
        absent = [str(place) for place in words[name].values() if not exists[name](place)]
        if absent:
            raise ConfigError(
                f"{name} of the plan do not exist: {', '.join(absent)}; paths are relative to the "
                f"plan's folder, {folder}"
            )
    words["retrained"] = {
        model: {ticket: folder / place for ticket, place in found.items()}
        for model, found in words.get("retrained", {}).items()
    }
    for found in words["retrained"].values():
        if unknown := found.keys() - words["tickets"].keys():
            raise ConfigError(
                f"retrained of the plan names tickets {', '.join(sorted(unknown))}: "
                f"use {', '.join(words['tickets'])}"
            )
        if absent := [str(place) for place in found.values() if not place.is_dir()]:
            raise ConfigError(f"retrained of the plan does not exist: {', '.join(absent)}")
    for name in ("models", "tickets", "methods"):
        if unknown := set(getattr(quick, name)) - words[name].keys():
            raise ConfigError(
                f"quick.{name} names {', '.join(sorted(unknown))}: use {'; '.join(words[name])}"
            )
    return Plan(folder=folder, quick=quick, **words)


def _placed(folder: Path, place: str) -> str:
    return place if "://" in place else str(folder / place)


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    """The keys that have something behind them; the others count as absent."""
    return {key: value for key, value in given.items() if value is not None}


def _checked(given: Any, kind: type, where: str) -> dict[str, Any]:
    accepted = {one.name for one in fields(kind)} - {"folder"}
    if not isinstance(given, Mapping) or (unknown := set(given) - accepted):
        named = ", ".join(sorted(map(str, unknown))) if isinstance(given, Mapping) else shown(given)
        raise ConfigError(f"{where}: {named} unknown: use {', '.join(sorted(accepted))}")
    return dict(given)


def _keys(kind: type) -> str:
    return ", ".join(one.name for one in fields(kind) if one.name != "folder")
