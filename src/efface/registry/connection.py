"""A connection to MLflow that answers soon: with a client, or with an error naming the server."""

import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from efface.errors import ConfigError, EffaceError, InfrastructureError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROBE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""While asking whether the server is there: 2 tries of 5 seconds."""
WORK = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
"""Once it has answered: uploads take longer."""
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
SQLITE = "sqlite:///"


@contextmanager
def connected(registry: str) -> Iterator["MlflowClient"]:
    """Give a client of the registry; MLflow's global tracking address points there meanwhile.

    The user's own MLFLOW_* variables win over the time limits set here.

    Args:
        registry: MLflow tracking address, such as https://mlflow.example.org or
            sqlite:////data/mlflow.db.

    Raises:
        ConfigError: the address is empty or of no kind that MLflow knows.
        InfrastructureError: MLflow does not answer (within 15 seconds), or fails on the way.
    """
    address = checked_address(registry)
    with (
        _kept("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"),
        _environment(QUIET | WORK),
        _errors_named(address),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of MLflow's own libraries; nothing a user could act on
        import mlflow

        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        try:
            with _environment(PROBE):
                client = _probed(address)
            yield client
        finally:
            mlflow.set_registry_uri(None)
            mlflow.set_tracking_uri(None)


def checked_address(registry: str) -> str:
    """The address, with relative SQLite paths made absolute.

    Raises:
        ConfigError: empty, or of no kind that MLflow knows.
    """
    if registry.startswith(SQLITE):
        return f"{SQLITE}{Path(registry.removeprefix(SQLITE)).resolve()}"
    if not re.match(r"(https?|postgresql|mysql|mssql)(\+\w+)?://", registry):
        raise ConfigError(
            f"registry {registry!r} is not an MLflow address: "
            "give https://HOST, postgresql://... or sqlite:////PATH/mlflow.db"
        )
    return registry


def artifact_root(address: str) -> str | None:
    """Where an experiment keeps its files: beside an SQLite store; None lets the server decide."""
    if not address.startswith(SQLITE):
        return None
    return (Path(address.removeprefix(SQLITE)).parent / "mlflow-artifacts").as_uri()


def without_password(address: str) -> str:
    """The address as it may be shown in messages."""
    return re.sub(r"//[^@/]*@", "//", address)


def _probed(address: str) -> "MlflowClient":
    from mlflow import MlflowClient

    if address.startswith(SQLITE):
        Path(address.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https", "sqlite") and parts.hostname and parts.port:
        # SQLAlchemy would try for a hundred seconds. Not for http: there may be a proxy.
        socket.create_connection((parts.hostname, parts.port), timeout=5).close()
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.search_registered_models(max_results=1)
    return client


@contextmanager
def _environment(defaults: dict[str, str]) -> Iterator[None]:
    """Set variables that the user left alone (or that an outer call of this function set)."""
    mine = {
        name: os.environ.get(name)
        for name in defaults
        if name not in os.environ or os.environ[name] == WORK.get(name)
    }
    os.environ.update({name: defaults[name] for name in mine})
    try:
        yield
    finally:
        for name, value in mine.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _kept(*names: str) -> Iterator[None]:
    """Put variables back that MLflow sets for its own child processes."""
    values = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _errors_named(address: str) -> Iterator[None]:
    try:
        yield
    except EffaceError:
        raise
    except ImportError as error:
        raise ConfigError(
            f"registry {without_password(address)} needs a package that is not here: {error}; "
            "install efface with the extra mlflow, and the driver of the database"
        ) from error
    except _failures() as error:
        raise InfrastructureError(
            f"MLflow at {without_password(address)} failed: {_reason(error)}; "
            "check that it runs and can be reached, then run the step again"
        ) from error


def _failures() -> tuple[type[Exception], ...]:
    """What a server, its database or its artifact store can throw at us."""
    import boto3.exceptions
    import botocore.exceptions
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    return (
        MlflowException,
        sqlalchemy.exc.SQLAlchemyError,
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
        boto3.exceptions.Boto3Error,
        OSError,  # also the base of what requests raises
    )


def _reason(error: Exception) -> str:
    """The last link of a chain of causes, without addresses that hold passwords."""
    text = without_password(" ".join(str(error).split()))
    if found := re.search(r"Caused by .*?(?:: | timed out)(.*)", text):
        return "it does not answer: " + found[1].strip("()'\" ")[:200]
    return text[:300] or type(error).__name__


def is_absent(error: Any) -> bool:
    """Whether MLflow's error says that there is no such thing."""
    return getattr(error, "error_code", "") in (
        "RESOURCE_DOES_NOT_EXIST",
        "NOT_FOUND",
        "INVALID_PARAMETER_VALUE",
    )
