"""Whether the cluster has the extensions that Kubeflow brings: found by their API groups."""

from typing import Any

from efface.cluster.checks.place import FAILED, OK, SKIPPED, WARNING, Finding, Place
from efface.cluster.kubernetes_api import TIMEOUT, Absent, explained
from efface.cluster.trainjob import GROUP, PLURAL, VERSION
from efface.training.spread import Spread

RUNTIME = Spread().runtime
"""Trainer's runtime that several nodes are trained under."""
ONE_NODE = "needed only to train on several nodes"


def check_argo(place: Place) -> Finding:
    """Argo Workflows, which KFP runs on."""
    if found := _resource(place, "argoproj.io", "v1alpha1", "workflows"):
        return Finding(OK, found)
    return Finding(
        FAILED, "no workflows.argoproj.io", "install Kubeflow Pipelines, which brings it"
    )


def check_jobset(place: Place) -> Finding:
    """JobSet, which Trainer runs on."""
    if found := _resource(place, "jobset.x-k8s.io", "v1alpha2", "jobsets"):
        return Finding(OK, found)
    return Finding(WARNING, f"no jobsets.jobset.x-k8s.io; {ONE_NODE}", "install JobSet")


def check_trainer(place: Place) -> Finding:
    """Kubeflow Trainer, with the runtime that is used."""
    found = _resource(place, GROUP, VERSION, PLURAL)
    if not found:
        return Finding(WARNING, f"no {PLURAL}.{GROUP}; {ONE_NODE}", "install Kubeflow Trainer 2")
    from kubernetes.client import CustomObjectsApi

    api = CustomObjectsApi(place.cluster())
    try:
        with explained(f"runtime {RUNTIME}"):
            api.get_cluster_custom_object(
                GROUP, VERSION, "clustertrainingruntimes", RUNTIME, _request_timeout=TIMEOUT
            )
    except Absent:
        return Finding(
            WARNING, f"{found}, no runtime {RUNTIME}; {ONE_NODE}", "install Trainer's runtimes"
        )
    return Finding(OK, f"{found}, runtime {RUNTIME}")


def check_kueue(place: Place) -> Finding:
    """Kueue, which may queue the pods."""
    for version in ("v1beta2", "v1beta1"):
        if found := _resource(place, "kueue.x-k8s.io", version, "localqueues"):
            return Finding(OK, found)
    return Finding(SKIPPED, "not installed; needed only to queue for GPUs")


def _resource(place: Place, group: str, version: str, plural: str) -> str:
    """``workflows.argoproj.io/v1alpha1`` when the API has it, else an empty text.

    Discovery is open to every identity that may come in; the definitions themselves are not.
    """
    client: Any = place.cluster()
    try:
        with explained(f"API group {group}"):
            answer = client.call_api(
                f"/apis/{group}/{version}",
                "GET",
                auth_settings=["BearerToken"],
                response_type="object",
                _return_http_data_only=True,
                _request_timeout=TIMEOUT,
            )
    except Absent:
        return ""
    names = [resource["name"] for resource in answer.get("resources", [])]
    return f"{plural}.{group}/{version}" if plural in names else ""
