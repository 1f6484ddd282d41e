"""What the client of Kubeflow Pipelines raises, as errors of efface that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from efface.cluster.network_errors import reason_of, said
from efface.errors import ConfigError, EffaceError, InfrastructureError, InputError

TO_DO = "check --host or EFFACE_KFP_HOST, and that the address can be reached from here"


class Absent(InputError):
    """KFP has no such thing."""


@contextmanager
def explained(host: str) -> Iterator[None]:
    """Turn what the client raises into an error of efface."""
    import kfp_server_api
    import urllib3.exceptions
    from urllib3.exceptions import NameResolutionError, SSLError

    try:
        yield
    except kfp_server_api.ApiException as error:
        if isinstance(error.__context__, ValueError):  # the client's word for it is status 0, too
            raise InfrastructureError(
                f"{host} gave an answer that cannot be read ({error.reason}); {TO_DO}"
            ) from error
        raise explain(host, error.status, error.reason, error.body) from error
    except UnicodeDecodeError as error:
        raise InfrastructureError(f"{host} gave an answer that is no text; {TO_DO}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        told = f"Kubeflow Pipelines at {host} does not answer ({reason_of(error)}); {TO_DO}"
        reason = getattr(error, "reason", None)
        wrong = isinstance(reason, NameResolutionError | SSLError)
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
    if status < 400:
        return ConfigError(
            f"{host} sends us elsewhere ({status}: {told}); {TO_DO}; where a login page is in the "
            "way, set EFFACE_KFP_TOKEN_FILE"
        )
    if status < 500:
        return InputError(f"{host} does not accept this ({status}): {told}")
    return InfrastructureError(f"{host} fails ({status}): {told}; try again when KFP is well")
