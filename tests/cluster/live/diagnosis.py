"""What a cluster shows when a test has failed: states of pods, events, last lines of logs."""

from collections.abc import Iterable
from typing import Any

from tests.cluster.live.commands import CommandError, kubectl, listed

LINES = 40
"""Of each log, and of the events."""
FINE = {"Succeeded", "Running"}


def diagnose(*namespaces: str) -> str:
    """Pods, events and the logs of pods that are not well, of these namespaces."""
    return "\n".join(line for name in namespaces for line in _diagnose_one(name))


def _diagnose_one(namespace: str) -> list[str]:
    try:
        pods = listed(namespace, "pods")
        events = listed(namespace, "events", "--sort-by", ".lastTimestamp")
    except CommandError as error:
        return [f"== {namespace}: cannot be looked at: {error}"]
    found = [f"== pods in {namespace}", *pod_lines(pods)]
    found += [f"== warnings in {namespace}", *event_lines(events)]
    for pod in unwell(pods):
        found += [f"== log of {pod}", *_log(namespace, pod)]
    return found


def pod_lines(pods: Iterable[dict[str, Any]]) -> list[str]:
    """One line a pod: name, phase, node, and why its containers wait or ended."""
    return [
        "  ".join(
            [
                pod["metadata"]["name"],
                pod["status"].get("phase", "?"),
                pod["spec"].get("nodeName", "no-node"),
                *_reasons(pod["status"]),
            ]
        )
        for pod in pods
    ]


def event_lines(events: Iterable[dict[str, Any]]) -> list[str]:
    """The last warnings, one line each."""
    warnings = [event for event in events if event.get("type") == "Warning"]
    return [
        f"{event['involvedObject'].get('name', '?')}  {event.get('reason', '')}: "
        f"{event.get('message', '')}"
        for event in warnings[-LINES:]
    ]


def unwell(pods: Iterable[dict[str, Any]]) -> list[str]:
    """Names of the pods that neither run nor ended well, and of those with a restart."""
    return [
        pod["metadata"]["name"]
        for pod in pods
        if pod["status"].get("phase") not in FINE
        or any(c.get("restartCount") for c in pod["status"].get("containerStatuses", []))
    ]


def _reasons(status: dict[str, Any]) -> list[str]:
    kinds = ("initContainerStatuses", "containerStatuses")
    states = [(c["name"], c.get("state", {})) for kind in kinds for c in status.get(kind, [])]
    waiting = [(name, state.get("waiting")) for name, state in states]
    ended = [(name, state.get("terminated")) for name, state in states]
    return [
        *(f"{name}: {why.get('reason')} {why.get('message', '')}" for name, why in waiting if why),
        *(f"{name}: exit {end['exitCode']}" for name, end in ended if end and end["exitCode"]),
        *(c["message"] for c in status.get("conditions", []) if c.get("reason") == "Unschedulable"),
    ]


def _log(namespace: str, pod: str) -> list[str]:
    words = ("logs", pod, "--all-containers", "--ignore-errors", f"--tail={LINES}")
    try:
        return kubectl(namespace, *words).splitlines()
    except CommandError as error:
        return [str(error)]
