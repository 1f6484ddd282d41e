"""Recurring runs: one of each name, however often and by however many it is applied.

KFP cannot change a recurring run. A changed one is made anew, at work at once, and the old one is
deleted right after. In this order a failure in between leaves two at work until the next apply,
which the lease of ``intake`` makes harmless: two runs never take the same ticket. In the other
order it would leave none, and tickets would run late unseen.

KFP allows any number of the same name, so after a change everyone looks again, and the same rule
holds for all: the newest stays, the others go. Whoever is overtaken says so. An old one is deleted
as ORPHAN, for by default Kubernetes would end the run that it has begun, unsettled.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from efface.cluster.kfp_api import KfpApi
from efface.cluster.kfp_errors import Absent
from efface.cluster.kfp_names import by_name
from efface.cluster.running import reference_to
from efface.cluster.uploading import Version
from efface.errors import InfrastructureError, InputError

SERVICE = "RecurringRunService"
MARK = re.compile(r"efface-schedule (\d+) ([0-9a-f]{16})")
"""In the description: how many went before, and the fingerprint of what was asked for."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A recurring run as it is asked for."""

    name: str
    cron: str
    """Six fields, checked."""
    version: Version
    experiment_id: str
    parameters: dict[str, Any]
    service_account: str = ""

    @property
    def fingerprint(self) -> str:
        """Differs when anything about it does."""
        words = [self.cron, self.version.version_id, self.experiment_id, self.service_account]
        content = json.dumps([*words, self.parameters], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying a schedule did."""

    recurring_run_id: str
    word: str
    """made, replaced or unchanged."""
    paused: bool
    """Whether someone switched it off in KFP; applying leaves that as it is."""


def apply(kfp: KfpApi, wanted: Wanted) -> Applied:
    """Make KFP have this recurring run, and no other of its name.

    Raises:
        InputError: KFP does not accept it, or another apply with other arguments overtook this one.
        InfrastructureError: KFP fails.
    """
    before = newest_first(named(kfp, wanted.name))
    paused = bool(before) and is_paused(before[0])
    made = ""
    if not before or fingerprint_of(before[0]) != wanted.fingerprint:
        number = generation_of(before[0]) + 1 if before else 1
        made = _create(kfp, wanted, number, enabled=not paused)
    kept, *others = newest_first(named(kfp, wanted.name)) or [None]
    if kept is None:
        raise InputError(f"schedule {wanted.name!r} was deleted meanwhile: apply it again")
    _delete_all(kfp, others)
    if fingerprint_of(kept) != wanted.fingerprint:
        raise InputError(
            f"schedule {wanted.name!r} was changed by someone else meanwhile, whose change stays: "
            "look at `efface schedule --list`, and apply again if it is not right"
        )
    return Applied(
        recurring_run_id=kept.recurring_run_id,
        word=("replaced" if before else "made") if kept.recurring_run_id == made else "unchanged",
        paused=is_paused(kept),
    )


def delete(kfp: KfpApi, name: str) -> int:
    """Delete the schedule of a name, and give how many there were.

    Raises:
        InputError: there is none.
        InfrastructureError: KFP fails.
    """
    found = named(kfp, name)
    if not found:
        known = sorted({run.display_name for run in every(kfp)})
        raise InputError(
            f"no schedule {name!r} in {kfp.host}; there are: {', '.join(known) or 'none'}"
        )
    return _delete_all(kfp, found)


def every(kfp: KfpApi) -> list[Any]:
    """Every recurring run that efface has made."""
    return [run for run in _listed(kfp) if fingerprint_of(run)]


def named(kfp: KfpApi, name: str) -> list[Any]:
    """Those of one name.

    Raises:
        InputError: one of this name was made by something else, and is not touched.
    """
    found = [run for run in _listed(kfp, filter=by_name(name)) if run.display_name == name]
    if foreign := [run.recurring_run_id for run in found if not fingerprint_of(run)]:
        raise InputError(
            f"recurring run {name!r} ({', '.join(foreign)}) was not made by efface: give another "
            "--name, or delete it in KFP first"
        )
    return found


def newest_first(runs: Iterable[Any]) -> list[Any]:
    """By generation, then by id: everyone sees the same order, whatever the clocks say."""
    return sorted(runs, key=lambda r: (generation_of(r), r.recurring_run_id), reverse=True)


def generation_of(run: Any) -> int:
    """How many of its name went before, and itself; 0 when it is not efface's."""
    match = MARK.search(run.description or "")
    return int(match[1]) if match else 0


def fingerprint_of(run: Any) -> str:
    """What was asked for when a recurring run was made; empty when it is not efface's."""
    match = MARK.search(run.description or "")
    return match[2] if match else ""


def is_paused(run: Any) -> bool:
    """Whether a recurring run is switched off."""
    return "DISABLED" in (run.status, run.mode) or run.mode == "DISABLE"


def _listed(kfp: KfpApi, **kwargs: Any) -> list[Any]:
    verb = "recurring_run_service_list_recurring_runs"
    return kfp.every(SERVICE, verb, "recurring_runs", namespace=kfp.namespace, **kwargs)


def _create(kfp: KfpApi, wanted: Wanted, generation: int, *, enabled: bool) -> str:
    body = {
        "display_name": wanted.name,
        "description": f"efface-schedule {generation} {wanted.fingerprint}",
        "experiment_id": wanted.experiment_id,
        "pipeline_version_reference": reference_to(wanted.version),
        "runtime_config": {"parameters": wanted.parameters},
        "service_account": wanted.service_account,
        "max_concurrency": "1",
        "no_catchup": True,
        "mode": "ENABLE" if enabled else "DISABLE",
        "trigger": {"cron_schedule": {"cron": wanted.cron}},
    }
    if kfp.namespace:
        body["namespace"] = kfp.namespace
    made = kfp.call(SERVICE, "recurring_run_service_create_recurring_run", body)
    return str(made.recurring_run_id)


def _delete_all(kfp: KfpApi, runs: Iterable[Any]) -> int:
    verb, deleted, failed = "recurring_run_service_delete_recurring_run", 0, []
    for run in runs:
        try:
            kfp.call(SERVICE, verb, run.recurring_run_id, propagation_policy="ORPHAN")
            deleted += 1
        except Absent:  # someone else did
            continue
        except InfrastructureError as error:
            failed.append(f"{run.recurring_run_id} ({error})")
    if failed:
        raise InfrastructureError(
            f"not deleted, and still at work: {'; '.join(failed)}. Give the same command again"
        )
    return deleted
