"""A small server that answers as the Kubernetes API does, out of a table of paths."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.http_server import http_server

GROUPS = {
    "argoproj.io/v1alpha1": ["workflows"],
    "jobset.x-k8s.io/v1alpha2": ["jobsets"],
    "trainer.kubeflow.org/v1alpha1": ["trainjobs", "clustertrainingruntimes"],
}


@dataclass
class FakeKubernetes:
    """The state behind the server, which tests read and set."""

    url: str = ""
    objects: dict[str, Any] = field(default_factory=dict)
    """Path -> object, or text of a log."""
    refused: set[str] = field(default_factory=set)
    """Paths that this identity may not read."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Verb and resource that an access review denies."""
    groups: dict[str, list[str]] = field(default_factory=lambda: dict(GROUPS))

    def kubeconfig(self, folder: Path) -> str:
        """Write a kubeconfig for this server and give its path."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "any"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
        }
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return str(path)


def healthy() -> dict[str, Any]:
    """A cluster with all that efface needs."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    gpus = {"metadata": {"name": "gpu"}, "spec": {}}
    gpus["status"] = {**ready, "allocatable": {"nvidia.com/gpu": "4"}}
    cpus = {"metadata": {"name": "cpu"}, "spec": {}, "status": {**ready, "allocatable": {}}}
    key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    names = "/api/v1/namespaces/kubeflow"
    trainer = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes"
    return {
        "/version": {"gitVersion": "v1.34.1", "major": "1", "minor": "34"}
        | {"gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": ""}
        | {"compiler": "", "platform": ""},
        "/api/v1/nodes": {"items": [gpus, cpus]},
        f"{names}/secrets/efface": {"data": {"subject-key": key}},
        f"{trainer}/torch-distributed": {"kind": "ClusterTrainingRuntime"},
    }


def pod(name: str, task: str, *, phase: str = "Pending", **status: Any) -> dict[str, Any]:
    """A pod of a run, made long ago."""
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": "2026-11-01T02:00:00Z",
            "annotations": {"workflows.argoproj.io/node-name": f"run.root.{task}.executor(0)"},
        },
        "status": {"phase": phase, **status},
    }


@contextmanager
def serving() -> Iterator[FakeKubernetes]:
    """Serve on a free port."""
    fake = FakeKubernetes(objects=healthy())
    with http_server(partial(respond, fake)) as fake.url:
        yield fake


def respond(
    fake: FakeKubernetes, method: str, target: str, body: bytes, headers: Any
) -> tuple[int, Any]:
    """Status and content for a request."""
    path = urlsplit(target).path.rstrip("/")
    if path.endswith("/selfsubjectaccessreviews"):
        asked = json.loads(body)
        wanted = asked["spec"]["resourceAttributes"]
        denied = (wanted["verb"], wanted["resource"]) in fake.forbidden
        return 201, {**asked, "status": {"allowed": not denied}}
    if path in fake.refused:
        return 403, {"kind": "Status", "code": 403, "message": f"{path} is forbidden"}
    if path in fake.objects:
        return 200, fake.objects[path]
    group = path.removeprefix("/apis/")
    if group in fake.groups:
        return 200, {"resources": [{"name": name} for name in fake.groups[group]]}
    return 404, {"kind": "Status", "code": 404, "message": "not found"}
