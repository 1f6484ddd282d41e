"""Whether the Kubernetes API answers, and what this identity may do there."""

from dataclasses import dataclass
from typing import Any

from efface.cluster.checks.place import OK, WARNING, Finding, Place
from efface.cluster.kubernetes_api import TIMEOUT, explained
from efface.cluster.trainjob import GROUP, PLURAL


@dataclass(frozen=True)
class Right:
    """One thing to do with one kind of object."""

    verb: str
    group: str
    """API group; empty for the core."""
    resource: str
    """With a subresource after a slash."""
    purpose: str


INSTALL, EXPLAIN, TRAIN = "install the chart", "explain runs", "train on several nodes"
RIGHTS = (
    Right("create", "", "serviceaccounts", INSTALL),
    Right("create", "", "configmaps", INSTALL),
    Right("get", "", "secrets", INSTALL),
    Right("create", "", "secrets", INSTALL),
    Right("create", "batch", "jobs", INSTALL),
    Right("create", "networking.k8s.io", "networkpolicies", INSTALL),
    Right("create", "rbac.authorization.k8s.io", "roles", INSTALL),
    Right("create", "rbac.authorization.k8s.io", "rolebindings", INSTALL),
    Right("list", "", "pods", EXPLAIN),
    Right("get", "", "pods/log", EXPLAIN),
    Right("list", "", "events", EXPLAIN),
    Right("create", GROUP, PLURAL, TRAIN),
    Right("get", GROUP, PLURAL, TRAIN),
    Right("delete", GROUP, PLURAL, TRAIN),
)
"""Who installs needs the first; who submits, the second; the pods' service account, the third."""


def check_access(place: Place) -> Finding:
    """The API answers."""
    from kubernetes.client import VersionApi

    with explained("version"):
        version = VersionApi(place.cluster()).get_code(_request_timeout=TIMEOUT)
    return Finding(OK, f"Kubernetes {version.git_version}")


def check_rights(place: Place) -> Finding:
    """This identity may do what people do with efface."""
    client = place.cluster()
    missing = [right for right in RIGHTS if not _is_allowed(client, place.namespace, right)]
    if not missing:
        return Finding(OK, f"all {len(RIGHTS)} in namespace {place.namespace}")
    purposes = dict.fromkeys(right.purpose for right in missing)
    told = [
        f"{', '.join(f'{r.verb} {r.resource}' for r in missing if r.purpose == purpose)} "
        f"(to {purpose})"
        for purpose in purposes
    ]
    return Finding(
        WARNING,
        f"not allowed in namespace {place.namespace}: {'; '.join(told)}",
        "ask who runs the cluster for a role with these, as far as you do that work",
    )


def _is_allowed(client: Any, namespace: str, right: Right) -> bool:
    from kubernetes.client import AuthorizationV1Api

    resource, _, part = right.resource.partition("/")
    wanted = {"namespace": namespace, "verb": right.verb, "group": right.group}
    wanted |= {"resource": resource, "subresource": part}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    with explained("access review"):
        api = AuthorizationV1Api(client)
        review = api.create_self_subject_access_review(body, _request_timeout=TIMEOUT)
    return bool(review.status.allowed)
