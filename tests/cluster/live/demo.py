"""The demo of examples/fashion on a cluster: its files in the bucket, the parameters of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from efface.storage import open_store
from examples.fashion.demo import METHODS, MODEL

FASHION = Path(__file__).parents[3] / "examples" / "fashion"
FOLDERS = ("data", "model", "extractors")
TICKET = "tickets/brand-owner.json"
CPU_ONLY = {
    "gpus": "0",
    "cpu": "250m",
    "memory": "2Gi",
    "gpu_cpu": "500m",
    "gpu_memory": "4Gi",
}
"""Placement on nodes without a GPU, small enough for a laptop's kind."""


@dataclass(frozen=True)
class Places:
    """Where the demo lies in a bucket."""

    root: str
    """s3://bucket/prefix"""

    @property
    def workspace(self) -> str:
        return f"{self.root}/workspace"

    def tickets(self, case: str) -> str:
        """Tickets of a case of their own, so that each run finds one that is due."""
        return f"{self.root}/tickets/{case}"


def put_demo(places: Places, cases: list[str]) -> int:
    """Put dataset, model, extractors, policy and a ticket a case in the bucket; give the files."""
    store = open_store(places.root)
    files = [path for name in FOLDERS for path in (FASHION / name).rglob("*") if path.is_file()]
    files.append(FASHION / "policy.yaml")
    for path in files:
        store.upload(path, path.relative_to(FASHION).as_posix())
    for case in cases:
        store.upload(FASHION / TICKET, f"tickets/{case}/ticket.json")
    return len(files) + len(cases)


def parameters(places: Places, case: str, *, method: str, **settings: Any) -> dict[str, Any]:
    """The pipeline's parameters for a run of a case; MLflow is that of the release's settings."""
    return {
        "tickets": places.tickets(case),
        "dataset": f"{places.root}/data",
        "policy": f"{places.root}/policy.yaml",
        "model": f"{places.root}/model",
        "name": MODEL,
        "workspace": places.workspace,
        "method": {"name": method, **METHODS[method], **settings},
        **CPU_ONLY,
    }
