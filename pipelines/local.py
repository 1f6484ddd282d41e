"""Run a compiled graph on this machine, and show how far it is.

    python -m pipelines.local PARAMETERS.yaml [--run-id ID] [--folder runs/ID] [--runner docker]

PARAMETERS.yaml holds the parameters of the graph. The same run id goes on where a run was killed.
"""

import argparse
import json
import re
import shutil
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp import dsl

from efface.cluster.graph import read_graph, to_yaml
from efface.cluster.parameters import check_parameters, read_parameters
from efface.cluster.rewriting import with_choices
from efface.errors import EffaceError, InputError
from pipelines.compile import COMPILED
from pipelines.containers import engine, with_absolute_paths
from pipelines.process import only_run, run_process
from pipelines.watching import Failure, find_failure

RUNNERS = ("process", "docker")
"""Tasks as processes of this environment, or as containers of the images that the graph names."""
KEPT = {
    "verdict.json": "gate/verdict",
    "verdict.md": "gate/summary",
    "report.json": "merge/report",
    "audit.json": "audit/findings",
    "evidence.html": "explain/page",
}
"""File in the run's folder -> artifact it is a copy of."""
PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['pipelinechannel--(\w+)'\]\}\}")
"""How a compiled graph says that a field is filled with a parameter of the graph."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a local run ended."""

    failure: Failure | None
    """What broke; None when the graph ran through, to whatever verdict."""
    passed: bool | None
    """The gate's answer; None when it was not asked."""
    kept: dict[str, Path]
    """Name -> path of the files that people read, as far as they were written."""
    log: Path
    """Everything that the runner and the steps said."""

    @property
    def exit_code(self) -> int:
        """As ``efface.errors`` defines it."""
        if self.failure is not None:
            return self.failure.exit_code
        return 3 if self.passed is False else 0


def run_locally(
    arguments: dict[str, Any], *, run_id: str, folder: Path, runner: str = "process"
) -> Ended:
    """Run the compiled unlearn graph, everything under ``folder``, and show its progress.

    Args:
        arguments: The parameters of the graph; ``workspace`` is ``folder/workspace`` unless given.
        run_id: What a cluster would fill in as the run's id.
        folder: Folder of this run; one run at a time.
        runner: One of ``RUNNERS``.

    Raises:
        InputError: another run works in ``folder``, a parameter does not fit the graph, or what a
            container needs is not there.
        InfrastructureError: Docker was asked for and does not answer.
    """
    folder = folder.absolute()
    arguments = {"workspace": str(folder / "workspace"), **arguments}
    check_parameters(read_graph(COMPILED / "unlearn.yaml"), arguments)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"folder {folder} cannot be made ({error.strerror}): give another --folder"
        ) from None
    progress, artifacts, log = folder / "progress", folder / "artifacts", folder / "run.log"
    if runner == "docker":
        arguments = with_absolute_paths(arguments)
    with only_run(folder) as lock:
        shutil.rmtree(progress, ignore_errors=True)
        progress.mkdir()
        artifacts.mkdir(exist_ok=True)
        graph = prepare(COMPILED / "unlearn.yaml", run_id, arguments)
        (folder / "graph.yaml").write_text(graph)
        (folder / "arguments.json").write_text(json.dumps(arguments))
        files = [folder / "graph.yaml", folder / "arguments.json", artifacts]
        command = [sys.executable, "-m", "pipelines.run_compiled", *map(str, files), runner]
        with engine(graph, arguments, folder) if runner == "docker" else nullcontext():
            broken = run_process(command, progress=progress, log=log, lock=lock)
    failure = find_failure(progress) if broken else None
    if broken and failure is None:
        failure = Failure(step="run", message=f"KFP stopped, see {log}", exit_code=1)
    outcome = Path(arguments["workspace"]) / run_id / "outcome.json"
    passed = json.loads(outcome.read_text())["passed"] if outcome.exists() and not failure else None
    return Ended(failure=failure, passed=passed, kept=_keep(artifacts, folder), log=log)


def prepare(path: Path, run_id: str, arguments: dict[str, Any]) -> str:
    """The compiled graph with run id and images filled in, and without retries.

    Retries are for lost pods. KFP's own runner for Docker does not fill in images.

    Raises:
        InputError: a parameter is missing in ``arguments``, unknown or of another type.
    """
    graph = with_choices(read_graph(path), retries=0)
    check_parameters(graph, arguments)
    taken = {name: facts.get("defaultValue") for name, facts in graph.parameters.items()}
    taken |= arguments
    for executor in graph.executors.values():
        container = executor["container"]
        container["image"] = PARAMETER.sub(lambda found: str(taken[found[1]]), container["image"])
    return to_yaml(graph).replace(dsl.PIPELINE_JOB_ID_PLACEHOLDER, run_id)


def _keep(artifacts: Path, folder: Path) -> dict[str, Path]:
    """Copy what people read out of the newest artifacts; give the paths of the copies."""
    kept = {}
    newest = max(artifacts.glob("*"), default=artifacts)
    for name, artifact in KEPT.items():
        (folder / name).unlink(missing_ok=True)
        if (newest / artifact).exists():
            kept[name] = Path(shutil.copyfile(newest / artifact, folder / name))
    return kept


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parameters", type=Path, help="YAML file with the graph's parameters")
    parser.add_argument("--run-id", help="(default: local-YYYYMMDD-HHMMSS)")
    parser.add_argument("--folder", type=Path, help="folder of the run (default: runs/RUN_ID)")
    parser.add_argument(
        "--runner",
        choices=RUNNERS,
        default="process",
        help="where tasks run: processes here, or containers of the images (default: %(default)s)",
    )
    given = parser.parse_args()
    run_id = given.run_id or time.strftime("local-%Y%m%d-%H%M%S")
    try:
        arguments = read_parameters(given.parameters)
        folder = given.folder or Path("runs") / run_id
        ended = run_locally(arguments, run_id=run_id, folder=folder, runner=given.runner)
    except EffaceError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"interrupted: --run-id {run_id} goes on where this run was", file=sys.stderr)
        return 130
    if ended.failure:
        print(f"{ended.failure.step}: {ended.failure.message}\nlog: {ended.log}", file=sys.stderr)
    for name, path in ended.kept.items():
        print(f"{name}: {path}")
    return ended.exit_code


if __name__ == "__main__":
    sys.exit(main())
