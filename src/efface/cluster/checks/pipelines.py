"""Whether Kubeflow Pipelines answers, and which one it is."""

import json
import re
from typing import Any

from efface.cluster import kfp_api, kubernetes_api
from efface.cluster.checks.place import OK, WARNING, Finding, Place
from efface.errors import EffaceError

TRIED = (2, 17)
"""Version that efface is tried with."""
DEPLOYMENT = "ml-pipeline"
"""KFP's API server, whose image has the version as its tag."""


def check_pipelines(place: Place) -> Finding:
    """KFP answers at the given address."""
    settings = place.settings
    client = kfp_api.new_client(settings.kfp_host, settings.kfp_token_file)
    address = kfp_api.checked_host(settings.kfp_host)
    health = kfp_api.read_health(client, address)
    users = "several users" if health["multi_user"] else "one user"
    version = health["tag"] or _told_version(client, address) or _version_of_image(place)
    found = f"{version or 'version not told'}, {users}, at {address}"
    if version and numbers(version) < TRIED:
        wanted = ".".join(map(str, TRIED))
        return Finding(WARNING, found, f"upgrade to KFP {wanted}, which efface is tried with")
    return Finding(OK, found)


def numbers(version: str) -> tuple[int, ...]:
    """``2.17.0`` -> (2, 17, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _told_version(client: Any, address: str) -> str:
    """The tag that the older API tells; empty where it is gone."""
    try:
        with kfp_api.explained(address):
            answer = client.call_api(
                "/apis/v1beta1/healthz",
                "GET",
                auth_settings=["Bearer"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=kfp_api.TIMEOUT,
            )
        found = json.loads(answer.data)
    except (EffaceError, ValueError):
        return ""
    tag = str(found.get("tag_name", "")) if isinstance(found, dict) else ""
    return tag if re.match(r"v?\d+\.\d+", tag) else ""


def _version_of_image(place: Place) -> str:
    """The tag of the API server's image; empty when it cannot be read."""
    from kubernetes.client import AppsV1Api

    try:
        api = AppsV1Api(place.cluster())
        with kubernetes_api.explained(DEPLOYMENT):
            found = api.read_namespaced_deployment(
                DEPLOYMENT, "kubeflow", _request_timeout=kubernetes_api.TIMEOUT
            )
    except EffaceError:
        return ""
    tag = str(found.spec.template.spec.containers[0].image).partition("@")[0].rpartition(":")[2]
    return tag if re.match(r"v?\d+\.\d+", tag) else ""
