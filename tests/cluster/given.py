"""What the tests of the cluster commands hand over, as a user would."""

from pathlib import Path
from typing import Any

COMPILED = Path(__file__).parent / "graph.yaml"
"""A graph as KFP compiles it, with the tasks and parameters that count here."""
PARAMETERS: dict[str, Any] = {
    "tickets": "s3://b/tickets",
    "dataset": "s3://b/dataset",
    "policy": "/etc/efface/policy/policy.yaml",
    "model": "models:/painter@champion",
    "registry": "http://mlflow:5000",
    "name": "painter",
    "workspace": "s3://b/workspace",
}
GIVEN = ["--pipeline", str(COMPILED), *(f"--set={k}={v}" for k, v in PARAMETERS.items())]
"""Options of ``submit`` and ``schedule`` that say what is run."""
