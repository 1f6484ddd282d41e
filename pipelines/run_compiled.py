"""Run a compiled graph with KFP's own local runner, in a process of its own.

    python -m pipelines.run_compiled GRAPH.yaml ARGUMENTS.json ARTIFACTS process|docker

KFP's local runner prints, logs and warns through the process's globals; here it may.
"""

import json
import sys
import warnings
from pathlib import Path

from kfp import components, local

from pipelines.containers import container_settings


def main() -> None:
    """Run the graph; any failed task ends this process with a traceback."""
    graph, given, artifacts = (Path(argument) for argument in sys.argv[1:4])
    arguments = json.loads(given.read_text())
    warnings.filterwarnings("ignore", message=".*have no effect in the current local runner")
    warnings.filterwarnings("ignore", message=".*non-Python base image")
    if sys.argv[4] == "docker":
        runner = local.DockerRunner(**container_settings(arguments, artifacts.parent))
    else:
        runner = local.SubprocessRunner(use_venv=False)
    local.init(runner, pipeline_root=str(artifacts))
    components.load_component_from_file(str(graph))(**arguments)


if __name__ == "__main__":
    main()
