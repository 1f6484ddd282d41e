"""MLflow in the cluster, asked over a port-forward."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.cluster.live.waiting import NotYetError, wait_for

PORT = 5000
FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@contextmanager
def forwarded(namespace: str, service: str) -> Iterator["Mlflow"]:
    """Forward a free local port to MLflow while the body runs."""
    words = ["kubectl", "--namespace", namespace, "port-forward", f"service/{service}", f":{PORT}"]
    with tempfile.NamedTemporaryFile("w+") as said:
        process = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT, text=True)

        def look() -> int:
            with open(said.name) as written:
                text = written.read()
            if found := FORWARDING.search(text):
                return int(found[1])
            assert process.poll() is None, f"kubectl port-forward ended: {text}"
            raise NotYetError(text)

        try:
            port = wait_for("kubectl port-forward", look, seconds=60, every=0.2)
            yield Mlflow(port=port, host=f"{service}.{namespace}.svc:{PORT}")
        finally:
            process.terminate()
            process.wait(timeout=10)


class Mlflow:
    """MLflow's REST API, as far as the test asks."""

    def __init__(self, *, port: int, host: str) -> None:
        self._port, self._host = port, host

    def get(self, endpoint: str, **query: str) -> dict[str, Any]:
        """An answer of the API.

        Raises:
            AssertionError: MLflow refuses, or does not answer.
        """
        address = f"http://127.0.0.1:{self._port}/api/2.0/mlflow/{endpoint}?{urlencode(query)}"
        # The name that MLflow is known by in the cluster, since it refuses names that it is not.
        request = Request(address, headers={"Host": self._host})
        try:
            with urlopen(request, timeout=60) as answer:
                return dict(json.load(answer))
        except URLError as error:
            detail = error.read().decode(errors="replace") if hasattr(error, "read") else ""
            raise AssertionError(f"MLflow at {address}: {error} {detail}") from None

    def version(self, name: str, alias: str) -> dict[str, Any]:
        """The model version that an alias names, its tags as a mapping."""
        found = self.get("registered-models/alias", name=name, alias=alias)["model_version"]
        return {**found, "tags": {tag["key"]: tag["value"] for tag in found.get("tags", [])}}

    def artifacts(self, run_id: str, folder: str) -> set[str]:
        """Names of the files in a folder of a run's artifacts."""
        listed = self.get("artifacts/list", run_id=run_id, path=folder).get("files", [])
        return {file["path"].rpartition("/")[2] for file in listed}

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions of a model."""
        found = self.get("model-versions/search", filter=f"name='{name}'")
        return list(found.get("model_versions", []))
