"""Fixtures that several folders of tests share."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Key, registry and caches of the tests are not those of who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFACE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store; making one takes nine seconds, copying it none."""
    from efface.registry.connection import connected

    path = tmp_path_factory.mktemp("registry") / "mlflow.db"
    with connected(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def registry(registry_template: Path, tmp_path: Path) -> str:
    """Address of an empty MLflow store of this test's own."""
    shutil.copyfile(registry_template, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Address of an S3 server that checks no signatures."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an empty bucket; the environment leads to its server."""
    from tests.s3 import s3_client

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"efface-{uuid.uuid4().hex}"
    s3_client().create_bucket(Bucket=name)
    return f"s3://{name}"
