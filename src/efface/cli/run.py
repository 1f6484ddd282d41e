"""``efface run``: every step on this machine, in one process, in the order of the graph."""

import argparse
import logging
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.cli import options
from efface.cli.state import LOCK, RunState, only_process, open_state
from efface.errors import BlockedError, EffaceError
from efface.evidence.purge import check_run_id

if TYPE_CHECKING:
    from efface.cli.options import Commands

logger = logging.getLogger(__name__)

TEXT = (
    "run every step on this machine; the same command goes on where it was killed. However a run "
    "ends, also by an error or Ctrl-C, its tickets are answered and its private copies deleted"
)


FILES = ("report.json", "verdict.json", "evidence.html", "audit.json")
"""In the run's folder, for people."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a run is to do."""

    tickets: str
    dataset: str
    policy: str
    model: str
    registry: str
    name: str
    method: dict[str, Any]
    sharding: dict[str, Any]


def add_command(commands: "Commands") -> None:
    """Add ``run``."""
    parser = options.add_command(commands, "run", run, TEXT)
    options.add_required(parser, "tickets", "dataset", "policy", "model", "name")
    options.add_registry(parser)
    options.add_method(parser)
    options.add_sharding(parser)
    parser.add_argument(
        "--workdir",
        type=options.path_word,
        default=Path("runs/efface"),
        help="folder of the run (default: %(default)s)",
    )
    parser.add_argument(
        "--run-id",
        default="",
        help="name of the run (default: that of the unfinished run in --workdir, else the time and "
        "six random characters)",
    )


def run(given: argparse.Namespace) -> int:
    """Run, settle, and show the verdict."""
    words = options.pick(given, "tickets", "dataset", "policy", "model", "name")
    asked = Asked(
        **words,
        registry=options.registry_of(given),
        method=options.method_of(given),
        sharding=dict(given.sharding),
    )
    if given.run_id:
        check_run_id(given.run_id)
    policy = _check(asked, given.workdir)
    arguments = {**vars(asked), "policy_sha256": policy}
    with only_process(given.workdir):
        state = open_state(given.workdir, given.run_id, arguments)
        if state.failed:
            _settle_failed(asked, state, given.workdir)
            state = open_state(given.workdir, given.run_id, arguments)
        state.run_id = state.run_id or _new_id()
        state.save()
        if state.results:
            logger.info("run=%s resumed done=%s", state.run_id, ",".join(state.results))
        _settled_whatever_happens(asked, state, given.workdir)
    return _show(asked, state, given.workdir)


def _new_id() -> str:
    """The time, and what tells runs of the same second apart: a run's name is its leases'."""
    return f"{time.strftime('run-%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def _check(asked: Asked, folder: Path) -> str:
    """Refuse what cannot work before a ticket is claimed; give the hash of the policy.

    Raises:
        ConfigError: the policy, the method or the sharding is wrong, or something that no run wrote
            is where this one would write.
        CheckpointError: the model is neither a folder nor named models:/...
        InputError: the folder of tickets, the dataset's manifest or the registered model is not
            there, or no registry can store the name.
        InfrastructureError: their storage or the registry does not answer.
    """
    from efface.data.manifest import NAME
    from efface.data.set_settings import parse_settings
    from efface.gate.reading import read_policy
    from efface.models.checkpoint import RECORD, check_model_place
    from efface.registry import check_model_name
    from efface.steps.handover.output_folder import check_output
    from efface.steps.handover.sets_file import FILE
    from efface.storage import open_store
    from efface.tickets.folder import open_folder
    from efface.training.choosing import read_method

    policy = read_policy(asked.policy)
    read_method(asked.method)
    check_model_place(asked.model)
    check_model_name(asked.name)
    proxy = parse_settings(asked.sharding).proxy
    inputs = [asked.tickets, asked.dataset, asked.policy, asked.model, proxy]
    for name, marker in (("sets", FILE), ("before", RECORD), ("after", RECORD)):
        check_output(folder / name, marker=marker, inputs=inputs)
    if not (folder / LOCK).exists():  # then what is there is of no run
        for name in ("batch", "statistics", *FILES):
            check_output(folder / name, marker="", inputs=inputs)
    open_folder(asked.tickets)
    open_store(asked.dataset).read_range(NAME, 0, 1)
    if asked.model.startswith("models:"):
        from efface.registry import find_in_service

        find_in_service(asked.model, asked.registry)
    return policy.sha256


def _settled_whatever_happens(asked: Asked, state: RunState, folder: Path) -> None:
    """Run the steps, then settle; the first error is the one that counts."""
    from efface.steps import settle

    try:
        run_steps(asked, state, folder)
    except BaseException as error:
        state.failed = str(error) if isinstance(error, EffaceError) else type(error).__name__
        again = f"run={state.run_id} give the same command again, or `efface settle` for it"
        try:
            _settle_failed(asked, state, folder)
        except EffaceError as second:
            logger.error("step=settle failed (%s) %s", second, again)
        except Exception:
            logger.exception("step=settle failed %s", again)
        raise
    settle.run(tickets=asked.tickets, **_place(state, folder))
    state.end()


def _settle_failed(asked: Asked, state: RunState, folder: Path) -> None:
    """Settle a run that failed; until that has been done its state stays, and the next run does it.

    Raises:
        EffaceError: it could not be settled.
    """
    from efface.steps import settle

    with suppress(EffaceError, OSError):  # a full disk must not keep it from being settled
        state.save()
    settle.run(tickets=asked.tickets, error=state.failed, **_place(state, folder))
    state.end()


def _place(state: RunState, folder: Path) -> dict[str, Any]:
    return {"run_id": state.run_id, "workspace": str(folder / "workspace")}


def run_steps(asked: Asked, state: RunState, folder: Path) -> None:
    """Run every step but settle, each once; stop after intake when nothing is due."""
    from efface.steps import intake, shard, unlearn

    policy = asked.policy
    place = _place(state, folder)
    batch, sets = folder / "batch", folder / "sets"
    models: dict[str, Any] = {"sets": sets}
    models |= {"before": folder / "before", "after": folder / "after"}
    words = {"tickets": asked.tickets, "dataset": asked.dataset}
    if not state.once("intake", lambda: intake.run(out=batch, **words, **place)):
        return
    given: dict[str, Any] = {"batch": batch, "policy": policy, "settings": asked.sharding}
    parts = state.once("shard", lambda: shard.run(out=sets, **given, **place))
    service: dict[str, Any] = {
        "model": asked.model,
        "registry": asked.registry,
        "method": asked.method,
    }
    state.once("unlearn", lambda: unlearn.run(policy=policy, **models, **service, **place))
    _judge(asked, state, folder, parts, {**models, "policy": policy})


def _judge(
    asked: Asked, state: RunState, folder: Path, parts: list[str], models: dict[str, Any]
) -> None:
    """Score, judge, explain, and register or refuse."""
    from efface.steps import audit, evaluate, explain, gate, merge, refuse, register
    from efface.steps.handover.batch_file import BATCH

    place = _place(state, folder)
    report, verdict, page, attacks = (folder / name for name in FILES)
    statistics = [folder / "statistics" / f"{number:05d}" for number in range(len(parts))]
    for part, out in zip(parts, statistics, strict=True):
        score = partial(evaluate.run, shard=part, out=out, **models, **place)
        state.once(f"evaluate {part}", score)
    state.once("merge", lambda: merge.run(statistics=statistics, out=report, **models))
    state.once("audit", lambda: audit.run(out=attacks, **models))
    found: dict[str, Any] = {"report": report, "audit": attacks}
    judged: dict[str, Any] = {"policy": asked.policy, "after": models["after"], **found, **place}
    passed = state.once("gate", lambda: gate.run(out=verdict, **judged))
    shown = {**found, "verdict": verdict}
    state.once("explain", lambda: explain.run(out=page, **shown, **models))
    names = {"policy": asked.policy, "name": asked.name, "registry": asked.registry, **place}
    batch = folder / "batch" / BATCH
    record = {**shown, "page": page, "batch": batch, "sets": models["sets"], **names}
    if passed:
        state.once("register", lambda: register.run(after=models["after"], **record))
    else:
        state.once("refuse", lambda: refuse.run(**record))


def _show(asked: Asked, state: RunState, folder: Path) -> int:
    """Print how the run ended; give the exit code."""
    from efface.cli.result import show_result

    if "gate" not in state.results:
        print(
            "no ticket needs a model now: none is due, or another run has it (the log says which); "
            "no model was touched"
        )
        return 0
    report, verdict, page, _ = (folder / name for name in FILES)
    version = state.results.get("register")
    model = f"models:/{asked.name}/{version}" if version else None
    show_result(report=report, verdict=verdict, page=page, model=model)
    return 0 if state.results["gate"] else BlockedError.exit_code
