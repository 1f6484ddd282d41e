"""A small server that answers as Kubernetes with Kubeflow Trainer does: TrainJobs, pods, logs.

With ``nodes=True`` it also does what the runtime ``torch-distributed`` does: it starts the command
of a TrainJob once a node, with the PET_* variables, and says how it ended.
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.cluster.http_server import http_server

JOBS = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/kubeflow/trainjobs"
PODS = "/api/v1/namespaces/kubeflow/pods"
OWN = {
    "metadata": {
        "name": "launcher",
        "creationTimestamp": "2026-11-01T02:00:00Z",
        "ownerReferences": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "run", "uid": "u-1"}
            | {"controller": True, "blockOwnerDeletion": True}
        ],
    },
    "spec": {
        "containers": [
            {"name": "wait", "image": "argoexec"},
            {
                "name": "main",
                "image": "efface-gpu:0.1.0",
                "env": [
                    {"name": "KFP_POD_NAME", "value": "launcher"},
                    {"name": "EFFACE_PROGRESS", "value": "/tmp/progress"},
                    {"name": "AWS_ENDPOINT_URL", "value": "http://store:9000"},
                    {
                        "name": "EFFACE_SUBJECT_KEY",
                        "valueFrom": {"secretKeyRef": {"name": "efface", "key": "subject-key"}},
                    },
                ],
            },
        ],
        "serviceAccountName": "pipeline-runner",
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    },
    "status": {"phase": "Running"},
}


@dataclass
class FakeTrainer:
    """The state behind the server, which tests read and set."""

    url: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: str = "Complete"
    """Condition that a new TrainJob gets at once; empty: it runs on."""
    nodes: bool = False
    """Whether commands are really started."""
    pods: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    created: int = 0
    deleted: int = 0
    unwell: int = 0
    """Requests that are answered with 500 from now on."""
    hidden: int = 0
    """Looks at a TrainJob that are answered as if there were none."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def finish(self, name: str, condition: str, message: str = "") -> None:
        """Give a TrainJob its last condition."""
        found = {"type": condition, "status": "True", "reason": "Test", "message": message}
        if name in self.jobs:
            self.jobs[name]["status"] = {"conditions": [found]}


@contextmanager
def serving(**state: Any) -> Iterator[FakeTrainer]:
    """Serve on a free port; ends what it started."""
    fake = FakeTrainer(**state)
    with http_server(partial(respond, fake)) as fake.url:
        yield fake
    for process in fake.processes:
        process.kill()
        process.wait()


def respond(
    fake: FakeTrainer, method: str, target: str, body: bytes, headers: Any
) -> tuple[int, Any]:
    """Status and content for a request."""
    path = urlsplit(target).path
    if fake.unwell:
        fake.unwell -= 1
        return 500, {"message": "etcd is down"}
    if path == JOBS and method == "POST":
        return _create(fake, json.loads(body))
    if path.startswith(f"{JOBS}/"):
        return _job(fake, method, path.rpartition("/")[2])
    if path == f"{PODS}/launcher":
        return 200, OWN
    if path == PODS:
        return 200, {"items": fake.pods}
    if re.fullmatch(rf"{PODS}/.*/log", path):
        return 200, fake.log
    if path.endswith("/events"):
        return 200, {"items": []}
    return _absent()


def _create(fake: FakeTrainer, content: dict[str, Any]) -> tuple[int, Any]:
    name = content["metadata"]["name"]
    if name in fake.jobs:
        return 409, {"message": f"{name} already exists"}
    fake.created += 1
    fake.jobs[name] = content
    if fake.nodes:
        threading.Thread(target=_run_nodes, args=(fake, name), daemon=True).start()
    elif fake.ends:
        fake.finish(name, fake.ends, "as the test wants")
    return 201, content


def _job(fake: FakeTrainer, method: str, name: str) -> tuple[int, Any]:
    if name not in fake.jobs or (method == "GET" and fake.hidden):
        fake.hidden = max(0, fake.hidden - 1)
        return _absent()
    if method == "DELETE":
        fake.deleted += 1
        for process in fake.processes:
            process.terminate()
        for process in fake.processes:
            process.wait()
        return 200, fake.jobs.pop(name)
    return 200, fake.jobs[name]


def _absent() -> tuple[int, Any]:
    return 404, {"message": "not found"}


def _run_nodes(fake: FakeTrainer, name: str) -> None:
    trainer = fake.jobs[name]["spec"]["trainer"]
    python, *command = [*trainer["command"], *trainer["args"]]
    assert python == "python"
    count = trainer["numNodes"]
    given = {
        "PET_NNODES": str(count),
        "PET_NPROC_PER_NODE": str(trainer["numProcPerNode"]),
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": str(_free_port()),
    }
    fake.processes = [
        subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **given, "PET_NODE_RANK": str(node)}
        )
        for node in range(count)
    ]
    codes = [process.wait() for process in fake.processes]
    fake.finish(name, "Failed" if any(codes) else "Complete", f"exit codes {codes}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
