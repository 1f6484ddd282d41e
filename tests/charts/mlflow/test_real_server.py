"""MLflow itself, started as the chart starts it."""

import os
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server

import pytest

from tests.charts.mlflow.test_deployment import container

HOST = "efface-mlflow.efface.svc"
API = "/api/2.0/mlflow/registered-models/search?max_results=1"


def status(port: int, path: str, host: str) -> int:
    """What the server answers to a request for a host."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """Of a server that keeps its data in a folder of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    with create_server(("127.0.0.1", 0)) as free:
        chosen = free.getsockname()[1]
    there = {"/var/lib/mlflow": str(folder), "--port=5000": f"--port={chosen}"}
    words = [_moved(word, there) for word in container()["command"]]
    given = {e["name"]: _moved(e["value"], there) for e in container()["env"]}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {**given, "PATH": path, "HOME": str(folder)}
    with (
        open(folder / "log", "w") as log,
        subprocess.Popen(words, env=own, stdout=log, stderr=log) as server,
    ):
        try:
            _wait(server, chosen, folder / "log")
            yield chosen
        finally:
            server.terminate()


def _moved(text: str, there: dict[str, str]) -> str:
    for old, new in there.items():
        text = text.replace(old, new)
    return text


def _wait(server: subprocess.Popen, port: int, log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            if status(port, "/health", "10.0.0.7:5000") == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("host", [HOST, f"{HOST}:5000", "efface-mlflow:5000", "localhost:15000"])
def test_it_answers_clients_in_the_cluster_and_behind_a_port_forward(port, host):
    assert status(port, API, host) == 200


@pytest.mark.slow
@pytest.mark.parametrize("host", ["evil.example.org", "10.0.0.7:5000"])
def test_it_refuses_every_other_name(port, host):
    assert status(port, API, host) == 403


@pytest.mark.slow
def test_it_tells_the_kubelet_that_it_is_well_by_its_address(port):
    assert status(port, "/health", "10.0.0.7:5000") == 200
