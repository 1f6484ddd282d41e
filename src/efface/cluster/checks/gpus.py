"""How many GPUs the nodes offer."""

from collections.abc import Iterable
from typing import Any

from efface.cluster.checks.place import OK, WARNING, Finding, Place
from efface.cluster.kubernetes_api import TIMEOUT, explained

GPU = "nvidia.com/gpu"


def check_gpus(place: Place) -> Finding:
    """GPUs that could be given out now; none is fine where tasks ask for none, or nodes come."""
    from kubernetes.client import CoreV1Api

    with explained("nodes"):
        nodes = CoreV1Api(place.cluster()).list_node(_request_timeout=TIMEOUT).items
    counts = [int((node.status.allocatable or {}).get(GPU, 0)) for node in usable(nodes)]
    total, having = sum(counts), sum(count > 0 for count in counts)
    if total:
        return Finding(OK, f"{total} {GPU} on {having} of {len(nodes)} nodes")
    return Finding(
        WARNING,
        f"no {GPU} on {len(nodes)} nodes",
        "run with 0 GPUs; or add GPU nodes and NVIDIA's device plugin; fine if a pool grows from 0",
    )


def usable(nodes: Iterable[Any]) -> list[Any]:
    """Nodes that are ready, and not cordoned off."""
    return [
        node
        for node in nodes
        if not node.spec.unschedulable
        and any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or [])
    ]
