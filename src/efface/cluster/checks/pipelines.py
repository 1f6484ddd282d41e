"""Whether Kubeflow Pipelines answers, and which one it is."""

import json
import re

from efface.cluster import kubernetes_api
from efface.cluster.checks.place import OK, WARNING, Finding, Place
from efface.cluster.kfp_api import TIMEOUT, KfpApi, connect
from efface.cluster.kfp_errors import explained
from efface.errors import EffaceError

WRITTEN_FOR = (2, 17)
"""Version of KFP whose API and compiled form efface uses."""
DEPLOYMENT = "ml-pipeline"
"""KFP's API server, whose image has the version as its tag."""
USUAL = "kubeflow"
"""Namespace of KFP itself, where several users have others for their pods."""


def check_pipelines(place: Place) -> Finding:
    """KFP answers at the given address."""
    settings = place.settings
    kfp = connect(settings.kfp_host, token_file=settings.kfp_token_file)
    users = "several users" if kfp.health.multi_user else "one user"
    version = _as_version(kfp.health.tag) or _told_version(kfp) or _version_of_image(place)
    found = f"{version or 'version not told'}, {users}, at {kfp.host}"
    if version and numbers(version) < WRITTEN_FOR:
        wanted = ".".join(map(str, WRITTEN_FOR))
        return Finding(WARNING, found, f"upgrade to KFP {wanted}, which efface is written for")
    return Finding(OK, found)


def numbers(version: str) -> tuple[int, ...]:
    """``2.17.0`` -> (2, 17, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _told_version(kfp: KfpApi) -> str:
    """The tag that the older API tells; empty where it is gone."""
    try:
        with explained(kfp.host):
            answer = kfp.client.call_api(
                "/apis/v1beta1/healthz",
                "GET",
                auth_settings=["Bearer"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=TIMEOUT,
            )
        found = json.loads(answer.data)
    except (EffaceError, ValueError):
        return ""
    tag = str(found.get("tag_name", "")) if isinstance(found, dict) else ""
    return _as_version(tag)


def _version_of_image(place: Place) -> str:
    """The tag of the API server's image; empty when it cannot be read."""
    from kubernetes.client import AppsV1Api

    for namespace in dict.fromkeys([place.namespace, USUAL]):
        try:
            api = AppsV1Api(place.cluster())
            with kubernetes_api.explained(DEPLOYMENT):
                found = api.read_namespaced_deployment(
                    DEPLOYMENT, namespace, _request_timeout=kubernetes_api.TIMEOUT
                )
        except EffaceError:
            continue
        image = str(found.spec.template.spec.containers[0].image)
        return _as_version(image.partition("@")[0].rpartition(":")[2])
    return ""


def _as_version(tag: str) -> str:
    return tag if re.match(r"v?\d+\.\d+", tag) else ""
