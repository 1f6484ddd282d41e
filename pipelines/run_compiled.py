"""Run a compiled graph with KFP's own local runner, in a process of its own.

    python -m pipelines.run_compiled GRAPH.yaml ARGUMENTS.json ARTIFACTS

KFP's local runner prints, logs and warns through the process's globals; here it may.
"""

import json
import sys
import warnings
from pathlib import Path

from kfp import components, local


def main() -> None:
    """Run the graph; any failed task ends this process with a traceback."""
    graph, arguments, artifacts = (Path(argument) for argument in sys.argv[1:])
    warnings.filterwarnings("ignore", message=".*have no effect in the current local runner")
    warnings.filterwarnings("ignore", message=".*non-Python base image")
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(artifacts))
    components.load_component_from_file(str(graph))(**json.loads(arguments.read_text()))


if __name__ == "__main__":
    main()
