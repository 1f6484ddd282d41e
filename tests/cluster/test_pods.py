"""Why pods wait, out of what the Kubernetes API says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efface.cluster import kubernetes_api
from efface.cluster.kubernetes_api import Refused
from efface.cluster.pods import last_word, read_waiting
from tests.cluster import fake_kubernetes
from tests.cluster.fake_kubernetes import FakeKubernetes, pod

PODS = "/api/v1/namespaces/kubeflow/pods"
EVENTS = "/api/v1/namespaces/kubeflow/events"
LATER = datetime(2026, 11, 1, 2, 5, tzinfo=UTC)


@pytest.fixture
def kubernetes() -> Iterator[FakeKubernetes]:
    with fake_kubernetes.serving() as fake:
        fake.objects[EVENTS] = {"items": []}
        yield fake


def waiting(kubernetes: FakeKubernetes, folder: Path, *pods: Any, now: datetime = LATER) -> Any:
    kubernetes.objects[PODS] = {"items": list(pods)}
    client = kubernetes_api.connect(in_cluster=False, kubeconfig=kubernetes.kubeconfig(folder))
    return read_waiting(client, "kubeflow", "run-1", now)


def container(reason: str, message: str = "") -> dict[str, Any]:
    waits = {"waiting": {"reason": reason, "message": message}}
    facts = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
    return {"containerStatuses": [{**facts, "state": waits}]}


def test_a_missing_secret_is_told(kubernetes, tmp_path):
    status = container("CreateContainerConfigError", 'secret "efface" not found')
    (found,) = waiting(kubernetes, tmp_path, pod("p", "intake", **status))
    assert (found.task, found.seconds) == ("intake", 300)
    assert found.message == 'secret "efface" not found'
    assert "efface doctor" in found.to_do


@pytest.mark.parametrize(
    ("reason", "told"),
    [("ErrImageNeverPull", "load the image"), ("ImagePullBackOff", "--gpu-image")],
)
def test_an_image_that_cannot_be_had_is_told(kubernetes, tmp_path, reason, told):
    (found,) = waiting(kubernetes, tmp_path, pod("p", "shard", **container(reason)))
    assert told in found.to_do


def test_what_no_condition_says_comes_from_the_last_warning(kubernetes, tmp_path):
    facts = {"involvedObject": {"name": "p"}, "metadata": {"name": "e"}}
    kubernetes.objects[EVENTS] = {
        "items": [
            {**facts, "type": "Normal", "reason": "Scheduled", "message": "assigned"},
            {**facts, "type": "Warning", "reason": "FailedMount", "message": "no such volume"},
        ]
    }
    (found,) = waiting(kubernetes, tmp_path, pod("p", "shard", **container("ContainerCreating")))
    assert (found.reason, found.message) == ("FailedMount", "no such volume")


def test_events_that_may_not_be_read_are_done_without(kubernetes, tmp_path):
    kubernetes.refused.add(EVENTS)
    (found,) = waiting(kubernetes, tmp_path, pod("p", "shard"))
    assert found.message == "Kubernetes says nothing"
    assert "kubectl describe pod p" in found.to_do


def test_a_pod_may_take_a_while_to_start(kubernetes, tmp_path):
    soon = datetime(2026, 11, 1, 2, 0, 30, tzinfo=UTC)
    assert waiting(kubernetes, tmp_path, pod("p", "shard"), now=soon) == []


def test_a_pod_that_runs_does_not_wait(kubernetes, tmp_path):
    assert waiting(kubernetes, tmp_path, pod("p", "shard", phase="Running")) == []


def test_pods_that_may_not_be_read_are_an_error_with_the_reason(kubernetes, tmp_path):
    kubernetes.refused.add(PODS)
    with pytest.raises(Refused, match="is forbidden"):
        waiting(kubernetes, tmp_path)


@pytest.mark.parametrize(
    ("log", "word"),
    [
        ("", "nothing"),
        ("one\ntwo\n", "two"),
        ("x ERROR efface.steps.task step=gate exit=2 policy: bad\nexit status 2", "policy: bad"),
        (
            "Traceback:\n  File\ntorch.OutOfMemoryError: no room\nF1123 failed",
            "torch.OutOfMemoryError: no room",
        ),
    ],
)
def test_the_last_word_of_a_log_is_the_line_with_the_error(log, word):
    assert last_word(log) == word
