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

from efface.bench.plan_schema import SCHEMA
from efface.data.manifest import NAME as MANIFEST
from efface.errors import ConfigError, InputError
from efface.models.mask_policy import parse_mask_policy
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
    policy: Path
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
    retraining: dict[str, dict[str, float]] = field(default_factory=dict)
    """Model -> what training it from scratch took: ``images_seen`` and ``seconds``."""
    proxy: dict[str, Any] = field(default_factory=dict)
    """Sharding settings that take retain from elsewhere."""
    max_images: dict[str, int] = field(default_factory=dict)
    """Largest number of images scored in each set; the policy's when empty."""
    quick: Quick = field(default_factory=Quick)


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        InputError: it cannot be read.
        ConfigError: it is not a plan, or names what is not there.
    """
    try:
        given = load_yaml(path.read_text())
    except OSError as error:
        raise InputError(f"plan {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"plan {path} cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"plan {path} is not YAML: {error}") from None
    if not isinstance(given, dict) or given.pop("version", None) != VERSION:
        raise ConfigError(f"plan {path} needs `version: {VERSION}` and the keys {_keys(Plan)}")
    _check_values(path, given)
    quick = _checked(given.pop("quick", {}), Quick, f"{path}: quick")
    words = _checked(given, Plan, str(path))
    missing = {"dataset", "policy", "masks", "models", "tickets", "methods"} - words.keys()
    if missing:
        raise ConfigError(f"plan {path} lacks {', '.join(sorted(missing))}")
    plan = _resolved(path.resolve().parent, words, Quick(**quick))
    _check_settings(plan)
    return plan


def _check_values(path: Path, given: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    _need_text_keys(path, given)
    if error := next(Draft202012Validator(SCHEMA).iter_errors(given), None):
        raise ConfigError(f"plan {path}: {error.json_path.removeprefix('$.')}: {error.message}")


def _need_text_keys(path: Path, given: Any) -> None:
    """YAML reads 1 and yes as a number and a truth, and a schema looks at text alone."""
    if isinstance(given, list):
        for value in given:
            _need_text_keys(path, value)
    if not isinstance(given, dict):
        return
    if wrong := [key for key in given if not isinstance(key, str)]:
        raise ConfigError(f"plan {path}: key {wrong[0]!r} is not text: put it in quotes")
    for value in given.values():
        _need_text_keys(path, value)


def _check_settings(plan: Plan) -> None:
    """Refuse now what would only be refused after hours."""
    from efface.bench.finished import check_architecture
    from efface.data.set_settings import parse_settings
    from efface.gate.reading import read_policy
    from efface.methods import METHODS
    from efface.training.choosing import choose_method
    from efface.training.settings import read_settings

    read_policy(plan.policy)
    parse_settings(plan.proxy)
    _check_masks(plan)
    _check_datasets(plan)
    for name in ("settings", "retrained", "retraining"):
        if unknown := getattr(plan, name).keys() - plan.models.keys():
            raise ConfigError(
                f"{name} of the plan names {', '.join(sorted(unknown))}: "
                f"use {', '.join(plan.models)}"
            )
    for model, finished in plan.retrained.items():
        for made in finished.values():
            check_architecture(plan.models[model], made)
    for given in (*plan.settings.values(), plan.quick.settings):
        if "name" in given:
            raise ConfigError(
                f"settings of the plan name the method {given['name']!r}: that belongs to methods"
            )
    if missing := {*plan.frontier, *plan.quick.frontier} - plan.methods.keys():
        raise ConfigError(
            f"frontier of the plan names {', '.join(sorted(missing))}: use "
            f"{'; '.join(plan.methods)}"
        )
    for label, method in plan.methods.items():
        for more in (*plan.settings.values(), plan.quick.settings, {}):
            try:
                settings = read_settings({**method, **more})
                choose_method(settings)
            except ConfigError as error:
                raise ConfigError(f"method {label!r} of the plan: {error}") from None
            if label in METHODS and settings.name != label:
                raise ConfigError(
                    f"method {label!r} of the plan is {settings.name}: give it name: {label}, or "
                    "another label"
                )


def _check_masks(plan: Plan) -> None:
    for name, texts in plan.masks.items():
        for text in texts:
            try:
                parse_mask_policy(text)
            except ConfigError as error:
                raise ConfigError(f"masks.{name} of the plan: {error}") from None


def _check_datasets(plan: Plan) -> None:
    """Those on this machine; one in a bucket is looked at when it is first needed."""
    for name, place in (("dataset", plan.dataset), ("proxy", plan.proxy.get("proxy", "://"))):
        if "://" not in place and not (Path(place) / MANIFEST).is_file():
            raise ConfigError(
                f"{name} of the plan has no {MANIFEST}: {place}; make it with `efface data import`"
            )


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


def _some(known: dict[str, Path], names: list[str], kind: str) -> dict[str, Path]:
    if unknown := set(names) - known.keys():
        raise ConfigError(
            f"the plan has no {kind} {', '.join(sorted(unknown))}: use {', '.join(known)}"
        )
    return {name: known[name] for name in names or known}


def _resolved(folder: Path, words: dict[str, Any], quick: Quick) -> Plan:
    words["policy"] = folder / words["policy"]
    if "://" not in words["dataset"]:
        words["dataset"] = str(folder / words["dataset"])
    proxy = words.get("proxy", {})
    if "://" not in proxy.get("proxy", "://"):
        words["proxy"] = {**proxy, "proxy": str(folder / proxy["proxy"])}
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


def _checked(given: Any, kind: type, where: str) -> dict[str, Any]:
    accepted = {one.name for one in fields(kind)} - {"folder"}
    if not isinstance(given, Mapping) or (unknown := set(given) - accepted):
        named = ", ".join(sorted(map(str, unknown))) if isinstance(given, Mapping) else repr(given)
        raise ConfigError(f"{where}: {named} unknown: use {', '.join(sorted(accepted))}")
    return dict(given)


def _keys(kind: type) -> str:
    return ", ".join(one.name for one in fields(kind) if one.name != "folder")
