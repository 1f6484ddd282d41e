import pytest

from tests.charts.rendering import of_kind, settings

ON = settings("kueue.enabled=true", "kueue.localQueue=nightly", "kueue.clusterQueue=shared")


def test_there_is_no_queue_unless_asked_for():
    assert of_kind("LocalQueue") == []


def test_the_queue_lies_where_the_pods_are():
    (queue,) = of_kind("LocalQueue", *ON)
    assert queue["metadata"]["namespace"] == "kubeflow"
    assert queue["metadata"]["name"] == "nightly"
    assert queue["spec"] == {"clusterQueue": "shared"}


@pytest.mark.parametrize(
    ("served", "used"),
    [([], "v1beta2"), (["v1beta1"], "v1beta1"), (["v1beta1", "v1beta2"], "v1beta2")],
)
def test_the_queue_is_of_a_version_that_the_cluster_serves(served, used):
    known = [word for one in served for word in ("--api-versions", f"kueue.x-k8s.io/{one}")]
    (queue,) = of_kind("LocalQueue", *ON, *known)
    assert queue["apiVersion"] == f"kueue.x-k8s.io/{used}"
