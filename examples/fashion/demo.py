"""The demo: a deletion ticket through the compiled pipeline, on this machine.

    python -m examples.fashion.demo [--ticket one-subject] [--method max-loss] [--name NAME]
                                    [--policy examples/fashion/policy-audit.yaml]

The model in service is trained on pictures of ten brands. The ticket of one brand comes in; the
pipeline unlearns, scores before and after, and the gate answers.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from efface import logs
from efface.cli.options import add_method, method_of
from efface.cli.result import make_console, show_result
from efface.errors import EffaceError
from efface.registry import import_base
from efface.steps import settle
from pipelines.local import RUNNERS, Ended, run_locally

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODEL = "fashion-mae"
METHOD = "i2i-output"
METHODS = {
    "i2i-output": {"alpha": 1.0, "learning_rate": 2e-3, "cooldown": 0.95},
    "i2i": {"alpha": 0.1, "learning_rate": 2e-3, "cooldown": 0.95},
    "max-loss": {"alpha": 1.0, "steps": 120},
}
"""Settings for this model and data; docs/results/choosing.md says how they were chosen."""
DATABASE = "runs/mlflow.db"
REGISTRY = f"sqlite:///{ROOT / DATABASE}"


def main() -> int:
    """Run the demo; the exit code is the pipeline's."""
    given = parse()
    folder = ROOT / "runs" / given.name
    console = make_console()
    logs.configure()
    try:
        put_ticket(given.ticket, folder)
        console.print(f"ticket  {folder / 'tickets' / given.ticket}.json", soft_wrap=True)
        imported = import_base(HERE / "model", name=MODEL, registry=REGISTRY)
        console.print(f"model   models:/{MODEL}/{imported['champion']} (champion)\n")
        ended = run_locally(
            arguments(given), run_id=given.run_id, folder=folder, runner=given.runner
        )
    except EffaceError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return interrupted(folder, given.run_id)
    show(ended, folder, given.run_id, console)
    return ended.exit_code


def interrupted(folder: Path, run_id: str) -> int:
    """Settle what Ctrl-C ended: its ticket is due again, its private copies are deleted."""
    workspace = folder / "workspace"
    told = "no ticket was claimed"
    if (workspace / run_id).exists():
        try:
            settle.run(
                tickets=str(folder / "tickets"),
                run_id=run_id,
                workspace=str(workspace),
                error="interrupted",
            )
            told = "the ticket is due again, and private copies are deleted"
        except EffaceError as error:
            told = f"settle failed: {error}"
    print(f"demo: interrupted; {told}", file=sys.stderr)
    return 130


def parse() -> argparse.Namespace:
    """Read the command line."""
    known = sorted(path.stem for path in (HERE / "tickets").glob("*.json"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--ticket", choices=known, default="brand-owner", help="ticket (default: %(default)s)"
    )
    add_method(parser, default=METHOD)
    parser.add_argument(
        "--policy",
        type=Path,
        default=HERE / "policy.yaml",
        help="what the gate asks, such as examples/fashion/policy-audit.yaml (default: policy.yaml "
        "beside it)",
    )
    parser.add_argument("--name", default="demo", help="folder in runs/ (default: %(default)s)")
    parser.add_argument(
        "--runner",
        choices=RUNNERS,
        default="process",
        help="where tasks run (default: %(default)s)",
    )
    given = parser.parse_args()
    given.run_id = time.strftime(f"{given.name}-%Y%m%d-%H%M%S")
    return given


def put_ticket(name: str, folder: Path) -> None:
    """Start a fresh run folder with one ticket in it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tickets").mkdir(parents=True)
    shutil.copy(HERE / "tickets" / f"{name}.json", folder / "tickets")


def arguments(given: argparse.Namespace) -> dict[str, object]:
    """The parameters of the graph."""
    method = {"name": METHOD, **method_of(given)}
    return {
        "tickets": str(ROOT / "runs" / given.name / "tickets"),
        "dataset": str(HERE / "data"),
        "policy": str(given.policy.resolve()),
        "model": f"models:/{MODEL}@champion",
        "registry": REGISTRY,
        "name": MODEL,
        "method": {**METHODS.get(method["name"], {}), **method},
    }


def show(ended: Ended, folder: Path, run_id: str, console: Console) -> None:
    """Print what broke, or the verdict, the scores, and where to look."""
    if ended.failure:
        told = f"{ended.failure.step} failed: {ended.failure.message}"
        console.print(f"\n{told}\nlog: {ended.log}", style="red", soft_wrap=True, markup=False)
        return
    if ended.passed is None:
        console.print("nothing is due: no model was touched")
        return
    record = folder / "workspace" / run_id / "registered.json"
    version = json.loads(record.read_text())["model_version"] if record.exists() else None
    show_result(
        report=ended.kept["report.json"],
        verdict=ended.kept["verdict.json"],
        page=ended.kept["evidence.html"],
        model=f"models:/{MODEL}/{version}" if version else None,
        console=console,
    )
    command = f".venv/bin/mlflow ui --backend-store-uri sqlite:///{DATABASE}"
    console.print(f"\nlook at it in MLflow:  {command}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
