"""What would only be refused after hours is refused when a plan is read."""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from efface.bench.finished import check_architecture
from efface.bench.ticket_file import read_ticket
from efface.data.manifest import NAME as MANIFEST
from efface.data.proxy import check_stand_in
from efface.data.set_settings import parse_settings
from efface.errors import CheckpointError, ConfigError
from efface.gate.reading import read_policy
from efface.methods import METHODS
from efface.models.families import architecture_of
from efface.models.mask_policy import parse_mask_policy
from efface.models.stored_tensors import tensor_names
from efface.shown import shown
from efface.training.choosing import read_method

if TYPE_CHECKING:
    from efface.bench.plan import Plan


def check_plan(plan: "Plan") -> None:
    """Look at all that a plan names and can be looked at without measuring anything.

    Raises:
        ConfigError: a setting, the policy, a mask, a name or a dataset's place is wrong; or a
            retrained model is of another architecture.
        CheckpointError: a folder of a model that is none.
        TicketError: a malformed ticket.
        InfrastructureError: the policy is in a bucket, which failed.
    """
    read_policy(plan.policy)
    _check_masks(plan)
    _check_datasets(plan)
    _check_proxy(plan)
    _check_names(plan)
    _check_methods(plan)
    for ticket in plan.tickets.values():
        read_ticket(ticket)
    _check_models(plan)


def _check_masks(plan: "Plan") -> None:
    named = {f"masks.{name}": texts for name, texts in plan.masks.items()}
    for model, took in plan.retraining.items():
        named[f"retraining.{model}.masks"] = took.get("masks", [])
    for name, texts in named.items():
        for text in texts:
            try:
                parse_mask_policy(text)
            except ConfigError as error:
                raise ConfigError(f"{name} of the plan: {error}") from None


def _check_datasets(plan: "Plan") -> None:
    """Those on this machine; one in a bucket is looked at when it is first needed."""
    for name, place in (("dataset", plan.dataset), ("proxy", plan.proxy.get("proxy", "://"))):
        if "://" not in place and not (Path(place) / MANIFEST).is_file():
            raise ConfigError(
                f"{name} of the plan has no {MANIFEST}: {place}; make it with `efface data import`"
            )


def _check_proxy(plan: "Plan") -> None:
    how = parse_settings(plan.proxy)
    if not plan.proxy:
        return
    if not how.proxy:
        raise ConfigError("proxy of the plan names no dataset: add `proxy:` under it, or remove it")
    check_stand_in(plan.dataset, how.proxy, how.proxy_split or "train")


def _check_names(plan: "Plan") -> None:
    for name in ("settings", "retrained", "retraining"):
        if unknown := getattr(plan, name).keys() - plan.models.keys():
            raise ConfigError(
                f"{name} of the plan names {', '.join(sorted(unknown))}: "
                f"use {', '.join(plan.models)}"
            )
    for given in (*plan.settings.values(), plan.quick.settings):
        if "name" in given:
            raise ConfigError(
                f"settings of the plan name the method {shown(given['name'])}: that belongs to "
                "methods"
            )
    if missing := {*plan.frontier, *plan.quick.frontier} - plan.methods.keys():
        raise ConfigError(
            f"frontier of the plan names {', '.join(sorted(missing))}: use "
            f"{'; '.join(plan.methods)}"
        )


def _check_methods(plan: "Plan") -> None:
    for label, method in plan.methods.items():
        for more in (*plan.settings.values(), plan.quick.settings, {}):
            try:
                settings, _ = read_method({**method, **more})
            except ConfigError as error:
                raise ConfigError(f"method {label!r} of the plan: {error}") from None
            if label in METHODS and settings.name != label:
                raise ConfigError(
                    f"method {label!r} of the plan is {settings.name}: give it name: {label}, or "
                    "another label"
                )


def _check_models(plan: "Plan") -> None:
    """Each folder has the layout of a family, and weights that are whole; none is loaded."""
    retrained = chain.from_iterable(found.values() for found in plan.retrained.values())
    for folder in (*plan.models.values(), *retrained):
        try:
            architecture_of(folder)
            tensor_names(folder)
        except CheckpointError as error:
            raise CheckpointError(f"models of the plan: {error}") from None
    for model, finished in plan.retrained.items():
        for made in finished.values():
            check_architecture(plan.models[model], made)
