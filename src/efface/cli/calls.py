"""What each step's subcommand does: hand the options to the step, and say what came out."""

import argparse
import json
from typing import Any

from efface.cli import options
from efface.cli.options import pick
from efface.errors import BlockedError

PLACE = ("run_id", "workspace")
MODELS = ("sets", "before", "after", "policy")


def intake(given: argparse.Namespace) -> int:
    """Claim the due tickets."""
    from efface.steps import intake

    due = intake.run(**pick(given, "tickets", "dataset", "out", *PLACE))
    print(f"{due} tickets to work on: {given.out}" if due else "nothing is due")
    return 0


def shard(given: argparse.Namespace) -> int:
    """Write the sets."""
    from efface.steps import shard

    settings = dict(given.sharding)
    parts = shard.run(settings=settings, **pick(given, "batch", "policy", "out", *PLACE))
    print("\n".join(parts))
    return 0


def unlearn(given: argparse.Namespace) -> int:
    """Train the encoder."""
    from efface.steps import unlearn

    places = pick(given, *MODELS, "model", *PLACE)
    method, registry = options.method_of(given), options.registry_of(given)
    for name, value in unlearn.run(method=method, registry=registry, **places).items():
        print(f"{name} {value:.6g}")
    return 0


def evaluate(given: argparse.Namespace) -> int:
    """Score one part, or all."""
    from efface.bench.scoring import score_all
    from efface.steps import evaluate

    places = pick(given, *MODELS, "out", *PLACE)
    if given.shard:
        print(f"{evaluate.run(shard=given.shard, **places)} images scored: {given.out}")
        return 0
    for name, value in score_all(**places).items():
        print(f"{name} {value:.6g}")
    return 0


def merge(given: argparse.Namespace) -> int:
    """Merge statistics."""
    from efface.steps import merge

    for name, value in merge.run(**pick(given, *MODELS, "statistics", "out")).items():
        print(f"{name} {value:.6g}")
    return 0


def audit(given: argparse.Namespace) -> int:
    """Attack the model."""
    from efface.steps import audit

    names = audit.run(**pick(given, *MODELS, "out"))
    print(f"{', '.join(names) or 'the policy names no attack'}: {given.out}")
    return 0


def gate(given: argparse.Namespace) -> int:
    """Judge; exit 3 when blocked."""
    from efface.gate.verdict import read_verdict
    from efface.steps import gate

    passed = gate.run(**pick(given, "report", "audit", "policy", "after", "out", *PLACE))
    print(f"{'passed' if passed else 'BLOCKED'}: {given.out}")
    for reason in read_verdict(given.out).reasons:
        print(f"  {reason}")
    return 0 if passed else BlockedError.exit_code


def explain(given: argparse.Namespace) -> int:
    """Write the page."""
    from efface.steps import explain

    explain.run(**pick(given, "report", "audit", "verdict", *MODELS, "out"))
    print(given.out)
    return 0


def register(given: argparse.Namespace) -> int:
    """Register the model."""
    from efface.steps import register

    record = {**_record(given), "after": given.after}
    print(f"models:/{given.name}/{register.run(**record)}")
    return 0


def refuse(given: argparse.Namespace) -> int:
    """Record the refusal."""
    from efface.steps import refuse

    print(f"MLflow run {refuse.run(**_record(given))}")
    return 0


def settle(given: argparse.Namespace) -> int:
    """Settle."""
    from efface.steps import settle

    settle.check_known(**pick(given, "tickets", *PLACE))
    print(json.dumps(settle.run(**pick(given, "tickets", "error", *PLACE)), indent=2))
    return 0


def _record(given: argparse.Namespace) -> dict[str, Any]:
    from efface.steps.handover.batch_file import BATCH

    places = pick(given, "verdict", "report", "audit", "page", "sets", "policy", "name", *PLACE)
    batch = given.batch / BATCH
    return {**places, "batch": batch, "registry": options.registry_of(given)}
