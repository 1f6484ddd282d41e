"""Whether Argo tries a task again whose pod was told to leave, or ran out of memory."""

from collections.abc import Mapping
from typing import Any

import yaml

from efface.cluster.checks.configuration import in_namespace, read_config_map
from efface.cluster.checks.pipelines import USUAL
from efface.cluster.checks.place import OK, SKIPPED, WARNING, Finding, Place
from efface.cluster.kubernetes_api import TIMEOUT, explained
from efface.errors import EffaceError

CONTROLLER = "workflow-controller"
"""Argo's Deployment."""
CONFIGURATION = "workflow-controller-configmap"
"""What it is told."""
FINALIZER = "ARGO_POD_STATUS_CAPTURE_FINALIZER"
"""Variable of the controller: a deleted pod stays until it has seen how the pod ended."""
USUAL_POLICY = "OnFailure"
"""Argo's own, where nothing is said."""
READ_MORE = "docs/cluster.md, 'When a pod is lost', has the command"


def check_retries(place: Place) -> Finding:
    """What Argo tries again, as far as its settings can be read."""
    for namespace in dict.fromkeys([place.namespace, USUAL]):
        there = in_namespace(place, namespace)
        try:
            if (found := read_config_map(there, CONFIGURATION)) is not None:
                return _judge(there, retry_policy(found))
        except EffaceError:
            continue
    return Finding(SKIPPED, f"not seen: configmap {CONFIGURATION} may not be read, or is elsewhere")


def retry_policy(data: Mapping[str, str]) -> str:
    """Which failures Argo tries again by default, from the data of its ConfigMap."""
    defaults = _mapping(data.get("workflowDefaults")) or _mapping(
        _mapping(data.get("config")).get("workflowDefaults")
    )
    templates = _mapping(_mapping(defaults.get("spec")).get("templateDefaults"))
    return str(_mapping(templates.get("retryStrategy")).get("retryPolicy") or USUAL_POLICY)


def _judge(place: Place, policy: str) -> Finding:
    told = f"retryPolicy {policy} in configmap {CONFIGURATION} of namespace {place.namespace}"
    if policy == "Always":
        return Finding(WARNING, f"{told}: whole groups of tasks are run again", READ_MORE)
    if policy != USUAL_POLICY:
        told += ": a task whose pod got SIGTERM (exit 143) or ran out of memory is not tried again"
        return Finding(WARNING, told, READ_MORE)
    if _finalizer(place) == "no":
        told += f", without {FINALIZER}: a task whose pod was deleted may not be tried again"
        return Finding(WARNING, told, READ_MORE)
    return Finding(OK, f"{told}: a task whose pod failed is tried again")


def _finalizer(place: Place) -> str:
    """yes, no, or empty when it cannot be read."""
    from kubernetes.client import AppsV1Api

    try:
        with explained(CONTROLLER):
            found = AppsV1Api(place.cluster()).read_namespaced_deployment(
                CONTROLLER, place.namespace, _request_timeout=TIMEOUT
            )
    except EffaceError:
        return ""
    set_to = [
        variable.value
        for container in found.spec.template.spec.containers
        for variable in container.env or []
        if variable.name == FINALIZER
    ]
    return "yes" if "true" in set_to else "no"


def _mapping(given: Any) -> dict[str, Any]:
    """What a text or a value says, where it is a mapping; else an empty one."""
    if isinstance(given, str):
        try:
            given = yaml.safe_load(given)
        except yaml.YAMLError:
            return {}
    return given if isinstance(given, dict) else {}
