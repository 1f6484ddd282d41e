import os
import socket
import time

import pytest

from efface.errors import ConfigError, InfrastructureError
from efface.registry.connection import checked_address, connected


def test_a_server_that_is_not_there_is_named_at_once():
    started = time.monotonic()
    with (
        pytest.raises(InfrastructureError, match=r"MLflow at http://127\.0\.0\.1:9 .*not answer"),
        connected("http://127.0.0.1:9"),
    ):
        pass
    assert time.monotonic() - started < 15


def test_a_server_that_never_answers_is_given_up_within_the_users_own_limits(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        with (
            pytest.raises(InfrastructureError, match="timed out"),
            connected(f"http://127.0.0.1:{silent.getsockname()[1]}"),
        ):
            pass
    assert time.monotonic() - started < 5


def test_a_database_that_is_not_there_is_named_without_its_password():
    with (
        pytest.raises(InfrastructureError) as caught,
        connected("postgresql://efface:secret@127.0.0.1:9/mlflow"),
    ):
        pass
    assert "postgresql://127.0.0.1:9/mlflow" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "mlflow.example.org", "/data/mlruns", "ftp://host"])
def test_an_address_that_mlflow_does_not_know_is_refused(address):
    with pytest.raises(ConfigError, match="is not an MLflow address"):
        checked_address(address)


def test_a_relative_sqlite_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checked_address("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"


def test_the_environment_is_as_before_after_a_connection(registry, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere.example")
    before = dict(os.environ)
    with connected(registry):
        pass
    assert dict(os.environ) == before
