"""As much of a Kubernetes API as Helm needs: discovery, and objects in memory.

What is created is stored as it was sent, and a Job has succeeded at once. There is no admission, no
garbage collection and no other controller.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.charts.helm_record import MAGIC, to_secret

Json = dict[str, Any]
KINDS = {
    "v1": {
        "configmaps": "ConfigMap",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "pods": "Pod",
        "secrets": "Secret",
        "serviceaccounts": "ServiceAccount",
        "services": "Service",
    },
    "apps/v1": {"deployments": "Deployment"},
    "batch/v1": {"jobs": "Job"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "rbac.authorization.k8s.io/v1": {"rolebindings": "RoleBinding", "roles": "Role"},
}
"""Group and version -> plural -> kind; all live in namespaces."""
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
OPENAPI = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
SUCCEEDED = {
    "succeeded": 1,
    "conditions": [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")],
}


def discovery() -> dict[str, Json]:
    """Path -> what the API says about itself."""
    groups = [version.split("/") for version in KINDS if "/" in version]
    found: dict[str, Json] = {
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {"name": g, "versions": [{"groupVersion": f"{g}/{v}", "version": v}]}
                for g, v in groups
            ],
        },
    }
    for version, kinds in KINDS.items():
        resources = [
            {"name": plural, "singularName": "", "namespaced": True, "kind": kind, "verbs": VERBS}
            for plural, kind in kinds.items()
        ]
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        found[path] = {
            "kind": "APIResourceList",
            "groupVersion": version,
            "resources": resources,
        }
    return found


class Cluster:
    """The objects, by the path that each is served at."""

    def __init__(self, *objects: Json) -> None:
        self.objects: dict[str, Json] = {}
        self.gone: list[str] = []
        """Paths of what was deleted, in order."""
        self._written = 0
        for one in objects:
            self.put(path_of(one), one)

    def put(self, path: str, sent: Json) -> Json:
        """Store an object, as the API would hand it out."""
        self._written += 1
        metadata = {"uid": path, "creationTimestamp": "2026-01-01T00:00:00Z", **sent["metadata"]}
        one = {**sent, "metadata": {**metadata, "resourceVersion": str(self._written)}}
        if one["kind"] == "Job":
            one["status"] = SUCCEEDED
        self.objects[path] = one
        return one

    def listed(self, path: str, query: dict[str, list[str]]) -> list[Json]:
        """The objects of a collection that the selectors choose."""
        labels = dict(term.split("=") for term in _terms(query, "labelSelector"))
        fields = dict(term.split("=") for term in _terms(query, "fieldSelector"))
        return [
            one
            for place, one in self.objects.items()
            if place.rpartition("/")[0] == path
            and labels.items() <= one["metadata"].get("labels", {}).items()
            and fields.get("metadata.name", one["metadata"]["name"]) == one["metadata"]["name"]
        ]

    def names(self) -> set[tuple[str, str, str]]:
        """Kind, namespace and name of every object, without Helm's records of releases."""
        return {
            (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"])
            for one in self.objects.values()
            if one.get("type") != "helm.sh/release.v1"
        }


def path_of(one: Json) -> str:
    """Where an object is served."""
    version, metadata = one["apiVersion"], one["metadata"]
    (plural,) = (name for name, kind in KINDS[version].items() if kind == one["kind"])
    root = "apis" if "/" in version else "api"
    return f"/{root}/{version}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"


def _terms(query: dict[str, list[str]], name: str) -> list[str]:
    return [term for text in query.get(name, []) for term in text.split(",") if term]


@contextmanager
def serving(folder: Path, cluster: Cluster) -> Iterator[str]:
    """Give the path of a kubeconfig for the cluster."""

    class Handler(Requests):
        held = cluster

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield str(_kubeconfig(folder, server.server_address[1]))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Requests(BaseHTTPRequestHandler):
    """Create, read, list, watch, replace, apply, delete."""

    held: Cluster
    known = discovery()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if found := self.known.get(parts.path) or self.held.objects.get(parts.path):
            self._answer(200, found)
        elif parts.path == "/openapi/v2":
            self._send(200, OPENAPI, b"")  # knows no kind: nothing is validated
        elif "watch" in query:
            self._watch(parts.path, query)
        elif parts.path.rpartition("/")[2] in {name for kinds in KINDS.values() for name in kinds}:
            items = self.held.listed(parts.path, query)
            kind = f"{items[0]['kind']}List" if items else "List"
            version = items[0]["apiVersion"] if items else "v1"
            metadata = {"resourceVersion": "1"}
            listed = {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
            self._answer(200, listed)
        else:
            self._refuse(404, "NotFound")

    def do_POST(self) -> None:
        sent = self._sent()
        path = f"{urlsplit(self.path).path}/{sent['metadata']['name']}"
        if path in self.held.objects:
            self._refuse(409, "AlreadyExists")
        else:
            sent["metadata"].setdefault("namespace", _namespace(path))
            self._answer(201, self.held.put(path, sent))

    def do_PUT(self) -> None:
        path, sent = urlsplit(self.path).path, self._sent()
        sent["metadata"].setdefault("namespace", _namespace(path))
        self._answer(200, self.held.put(path, sent))

    do_PATCH = do_PUT  # Helm applies whole objects, from the server's side

    def do_DELETE(self) -> None:
        path = urlsplit(self.path).path
        self._body()
        if self.held.objects.pop(path, None) is None:
            self._refuse(404, "NotFound")
        else:
            self.held.gone.append(path)
            self._answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _watch(self, path: str, query: dict[str, list[str]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        found = self.held.listed(path, query)
        end = {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}
        events = [{"type": "ADDED", "object": one} for one in found]
        bookmark = {"apiVersion": "batch/v1", "kind": "Job", "metadata": end}
        for event in [*events, {"type": "BOOKMARK", "object": bookmark}]:
            self.wfile.write(json.dumps(event).encode() + b"\n")
        self.wfile.flush()
        time.sleep(2)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _sent(self) -> Json:
        body = self._body()
        if body.startswith(MAGIC):
            return to_secret(body)
        return dict(yaml.load(body, Loader=yaml.CSafeLoader) or {})

    def _refuse(self, code: int, reason: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self._answer(code, {**status, "reason": reason, "code": code})

    def _answer(self, code: int, body: Json) -> None:
        self._send(code, "application/json", json.dumps(body).encode())

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _namespace(path: str) -> str:
    return path.split("/namespaces/")[1].split("/")[0]


def _kubeconfig(folder: Path, port: int) -> Path:
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "users": [{"name": "me", "user": {}}],
    }
    path.write_text(json.dumps(content))
    return path
