"""The API of Kubernetes, from a kubeconfig or from within a pod; errors say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from efface.cluster.network_errors import reason_of, said
from efface.errors import ConfigError, EffaceError, InfrastructureError, InputError

TIMEOUT = (5, 30)
"""Seconds to connect, and to wait for an answer."""


MISREAD = (OSError, TypeError, ValueError, AttributeError, KeyError, yaml.YAMLError)
"""What reading a kubeconfig raises when it is none."""


class Refused(InputError):
    """The identity may not do this."""


class Absent(InputError):
    """Kubernetes has no such thing."""


def connect(*, in_cluster: bool, kubeconfig: str = "", context: str | None = None) -> Any:
    """A client of the Kubernetes API; it has asked nothing yet.

    Args:
        in_cluster: Whether this is a pod: then its service account is used.
        kubeconfig: Files as ``KUBECONFIG`` names them; empty for the usual one.
        context: Context of the kubeconfig; None for the current one.

    Raises:
        ConfigError: there is no kubeconfig, or it cannot be used.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    try:
        if in_cluster and context is None:
            config.load_incluster_config(client_configuration=settings)
        else:
            config.load_kube_config(
                kubeconfig or None,
                context=context,
                client_configuration=settings,
                persist_config=False,
            )
    except (config.ConfigException, *MISREAD) as error:
        raise ConfigError(
            f"no Kubernetes cluster is configured here ({_line(error)}); set KUBECONFIG, or give "
            "--context NAME of one in it"
        ) from None
    settings.retries = 0
    return client.ApiClient(settings)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what the client raises while ``doing`` something into an error of efface."""
    import urllib3.exceptions
    from kubernetes.client import ApiException

    try:
        yield
    except ApiException as error:
        raise _explain(doing, error) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise InfrastructureError(
            f"{doing}: the Kubernetes API does not answer ({reason_of(error)}); check the "
            "kubeconfig and the network"
        ) from error
    except ValueError as error:
        raise InfrastructureError(
            f"{doing}: the answer is not that of a Kubernetes API ({_line(error)}); check the "
            "server that the kubeconfig names"
        ) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _explain(doing: str, error: Any) -> EffaceError:
    told = said(error.body) or str(error.reason)
    if error.status == 401:
        return InputError(f"{doing}: credentials not accepted ({told}); log in to the cluster anew")
    if error.status == 403:
        return Refused(f"{doing}: refused ({told})")
    if error.status == 404:
        return Absent(f"{doing}: not there ({told})")
    if error.status in (400, 422):
        return InputError(f"{doing}: not accepted ({told}); change what it names")
    return InfrastructureError(f"{doing}: the Kubernetes API failed ({error.status}: {told})")
