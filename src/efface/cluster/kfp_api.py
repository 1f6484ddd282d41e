"""The API of Kubeflow Pipelines, v2beta1: a connection that answers soon, and says what is wrong.

``kfp.Client`` tries a wrong host for half a minute with a traceback each time, prints, and reads
files of its own; here are the generated services below it, with time limits and one kind of error.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from efface.cluster.network_errors import reason_of
from efface.errors import ConfigError, EffaceError, InfrastructureError, InputError

TIMEOUT = (5, 60)
"""Seconds to connect, and to wait for an answer."""
PAGE = 100
"""Things asked for at once."""
TO_DO = "check --host or EFFACE_KFP_HOST, and that the address can be reached from here"


@dataclass(frozen=True)
class KfpApi:
    """An API of Kubeflow Pipelines that has answered once."""

    host: str
    """Address, without a slash at the end."""
    namespace: str | None
    """Namespace to name in requests; None where the installation has one user."""
    client: Any
    """The generated client, which services are made from."""

    def call(self, service: str, method: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call ``method`` of a service such as ``RunService``; what is None is left out.

        Raises:
            InputError: refused, absent, or not accepted as it is.
            InfrastructureError: no answer, or a failure of the server.
        """
        import kfp_server_api

        given = {name: value for name, value in kwargs.items() if value is not None}
        with explained(self.host):
            api = getattr(kfp_server_api, f"{service}Api")(self.client)
            return getattr(api, method)(*args, _request_timeout=TIMEOUT, **given)

    def every(self, service: str, method: str, field: str, /, **kwargs: Any) -> list[Any]:
        """All pages of a list, as one."""
        found: list[Any] = []
        token: str | None = None
        while True:
            page = self.call(service, method, page_size=PAGE, page_token=token, **kwargs)
            found += getattr(page, field) or []
            token = page.next_page_token
            if not token:
                return found


def connect(host: str, *, token_file: Path | None = None, namespace: str = "") -> KfpApi:
    """Connect, and ask once whether Kubeflow Pipelines is there.

    Args:
        host: Address with http:// or https://.
        token_file: File with a bearer token; it is read anew for each call, as tokens expire.
        namespace: Namespace of the user, named in requests where several users share KFP.

    Raises:
        ConfigError: the address is none, its name does not exist, or it is not KFP.
        InputError: the token is refused.
        InfrastructureError: nobody answers, or KFP itself fails.
    """
    client, address = new_client(host, token_file), checked_host(host)
    health = read_health(client, address)
    return KfpApi(address, namespace if health["multi_user"] else None, client)


def checked_host(host: str) -> str:
    """The address without a slash at the end.

    Raises:
        ConfigError: it is empty, or has no http:// or https://.
    """
    if not host:
        raise ConfigError(
            "no address of Kubeflow Pipelines; give --host or set EFFACE_KFP_HOST, such as "
            "http://localhost:8080 after `kubectl port-forward -n kubeflow "
            "svc/ml-pipeline-ui 8080:80`"
        )
    if not host.startswith(("http://", "https://")):
        raise ConfigError(f"address {host!r} must begin with http:// or https://; {TO_DO}")
    return host.rstrip("/")


def new_client(host: str, token_file: Path | None) -> Any:
    """A client of the API; it has asked nothing yet."""
    import kfp_server_api

    settings = kfp_server_api.Configuration(host=checked_host(host))
    settings.retries = 0
    if token_file is not None:
        settings.api_key["authorization"] = read_token(token_file)
        settings.api_key_prefix["authorization"] = "Bearer"
        settings.refresh_api_key_hook = _token_reader(token_file)
    return kfp_server_api.ApiClient(settings)


def read_token(path: Path) -> str:
    """The token in a file.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"EFFACE_KFP_TOKEN_FILE {path} cannot be read: {error}") from None
    if not token:
        raise ConfigError(f"EFFACE_KFP_TOKEN_FILE {path} is empty: put a bearer token into it")
    return token


def read_health(client: Any, host: str) -> dict[str, Any]:
    """What KFP says of itself: ``multi_user``, and its version as ``tag``, empty when not told.

    Its page answers in the place of its API, in words of its own.

    Raises:
        ConfigError: something that is not KFP.
        InputError: refused.
        InfrastructureError: nobody answers, or KFP itself fails.
    """
    import kfp_server_api

    api = kfp_server_api.HealthzServiceApi(client)
    try:
        with explained(host):
            answer = api.healthz_service_get_healthz(
                _preload_content=False, _request_timeout=TIMEOUT
            )
    except Absent as error:
        raise ConfigError(f"{error}; {TO_DO}") from error.__cause__
    try:
        found = json.loads(answer.data)
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict):
        raise ConfigError(
            f"{host} answers, but is not Kubeflow Pipelines; {TO_DO}; where a login page is in the "
            "way, set EFFACE_KFP_TOKEN_FILE"
        )
    if found.get("apiServerReady") is False:
        raise InfrastructureError(
            f"{host}: the page answers, the API behind it does not; try again"
        )
    tag = str(found.get("tag_name") or found.get("apiServerTagName") or "")
    return {"multi_user": bool(found.get("multi_user")), "tag": tag}


@contextmanager
def explained(host: str) -> Iterator[None]:
    """Turn what the client raises into an error of efface."""
    import kfp_server_api
    import urllib3.exceptions

    try:
        yield
    except kfp_server_api.ApiException as error:
        raise explain(host, error.status, error.reason, error.body) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        told = f"Kubeflow Pipelines at {host} does not answer ({reason_of(error)}); {TO_DO}"
        reason = getattr(error, "reason", None)
        wrong = isinstance(reason, urllib3.exceptions.NameResolutionError)
        raise ConfigError(told) if wrong else InfrastructureError(told) from error


def explain(host: str, status: int | None, reason: Any, body: Any) -> EffaceError:
    """The error for an HTTP status; 0 is a TLS failure."""
    told = said(body) or str(reason)
    if not status:
        return ConfigError(f"{host}: no TLS connection ({told}); {TO_DO}")
    if status in (401, 403):
        return InputError(
            f"{host}: access refused ({status}: {told}); set EFFACE_KFP_TOKEN_FILE to a file with "
            "a token that may do this, or ask for the right"
        )
    if status == 404 and not said(body):
        return ConfigError(f"{host} is not Kubeflow Pipelines (404); {TO_DO}")
    if status == 404:
        return Absent(f"{host}: {told}")
    if status < 500:
        return InputError(f"{host} does not accept this ({status}): {told}")
    return InfrastructureError(f"{host} fails ({status}): {told}; try again when KFP is well")


class Absent(InputError):
    """KFP has no such thing."""


def said(body: Any) -> str:
    """What KFP says in the body of an error, on one line; empty when it is not KFP's."""
    try:
        found = json.loads(body)
        text = found.get("message") or found.get("error_message") or found.get("error")
    except (AttributeError, TypeError, ValueError):
        return ""
    return " ".join(str(text or "").split())[:500]


def _token_reader(path: Path) -> Callable[[Any], None]:
    def read(settings: Any) -> None:
        settings.api_key["authorization"] = read_token(path)

    return read
