"""The API of Kubeflow Pipelines, v2beta1: a connection that answers soon, and says what is wrong.

``kfp.Client`` tries a wrong host for half a minute with a traceback each time, prints, and reads
files of its own; here are the generated services below it, with time limits and one kind of error.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from efface.cluster.kfp_errors import TO_DO, Absent, explained
from efface.errors import ConfigError, InfrastructureError

TIMEOUT = (5, 60)
"""Seconds to connect, and to wait for an answer."""
PAGE = 100
"""Things asked for at once."""


@dataclass(frozen=True)
class Health:
    """What Kubeflow Pipelines says of itself."""

    multi_user: bool
    """Whether several users share it, each with a namespace."""
    tag: str
    """Its version; empty when it does not tell."""


@dataclass(frozen=True, kw_only=True)
class KfpApi:
    """An API of Kubeflow Pipelines that has answered once."""

    host: str
    """Address, without a slash at the end."""
    client: Any
    """The generated client, which services are made from."""
    health: Health
    namespace: str | None
    """Namespace to name in requests; None where the installation has one user."""

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
            answer = getattr(api, method)(*args, _request_timeout=TIMEOUT, **given)
        self._check_is_object()
        return answer

    def _check_is_object(self) -> None:
        """The client makes a thing without any fields out of whatever is no JSON object."""
        try:
            is_object = isinstance(json.loads(self.client.last_response.data), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise InfrastructureError(
                f"{self.host} gave an answer that is not Kubeflow Pipelines' (a login page?); "
                f"{TO_DO}"
            )

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
        ConfigError: the address or the file is none, its name does not exist, or it is not KFP.
        InputError: the token is refused.
        InfrastructureError: nobody answers, or KFP itself fails.
    """
    address = _checked(host)
    client = _new_client(address, token_file)
    health = _read_health(client, address)
    return KfpApi(
        host=address,
        client=client,
        health=health,
        namespace=namespace if health.multi_user else None,
    )


def _checked(host: str) -> str:
    """The address without a slash at the end."""
    if not host:
        raise ConfigError(
            "no address of Kubeflow Pipelines; give --host or set EFFACE_KFP_HOST, such as "
            "http://localhost:8080 after `kubectl port-forward -n kubeflow "
            "svc/ml-pipeline-ui 8080:80`"
        )
    if not host.startswith(("http://", "https://")):
        raise ConfigError(f"address {host!r} must begin with http:// or https://; {TO_DO}")
    try:
        parts = urlsplit(host)
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete or re.search(r"\s", host):
        raise ConfigError(f"address {host!r} is not http://HOST or http://HOST:PORT; {TO_DO}")
    if "@" in parts.netloc:  # it would stand in messages, logs and links
        raise ConfigError(
            "the address of Kubeflow Pipelines holds a user or a password: leave them out, and set "
            "EFFACE_KFP_TOKEN_FILE"
        )
    return host.rstrip("/")


def _new_client(address: str, token_file: Path | None) -> Any:
    """A client of the API; it has asked nothing yet."""
    import kfp_server_api

    settings = kfp_server_api.Configuration(host=address)
    settings.retries = 0
    if token_file is not None:
        settings.api_key["authorization"] = _read_token(token_file)
        settings.api_key_prefix["authorization"] = "Bearer"
        settings.refresh_api_key_hook = _token_reader(token_file)
    return kfp_server_api.ApiClient(settings)


def _read_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"EFFACE_KFP_TOKEN_FILE {path} cannot be read: {error}") from None
    if not token:
        raise ConfigError(f"EFFACE_KFP_TOKEN_FILE {path} is empty: put a bearer token into it")
    if not re.fullmatch(r"[!-~]+", token):
        raise ConfigError(
            f"EFFACE_KFP_TOKEN_FILE {path} holds no bearer token: one word of ASCII characters is "
            "needed, and nothing else"
        )
    return token


def _read_health(client: Any, host: str) -> Health:
    """Ask KFP; its page answers in the place of its API, in words of its own."""
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
    return Health(multi_user=bool(found.get("multi_user")), tag=tag)


def _token_reader(path: Path) -> Callable[[Any], None]:
    def read(settings: Any) -> None:
        settings.api_key["authorization"] = _read_token(path)

    return read
