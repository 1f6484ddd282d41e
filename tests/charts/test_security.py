"""PodSecurity restricted, and a little more, for every pod that the chart starts."""

import pytest

from tests.charts.rendering import VALUES, objects, of_kind, pod_of

WORKLOADS = ("efface-mlflow", "efface-pushgateway", "efface-schedule", "efface-unschedule")
RESTRICTED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected"}


@pytest.fixture(params=WORKLOADS)
def workload(request):
    """One after the other, each Deployment and Job."""
    return next(one for one in workloads() if one["metadata"]["name"] == request.param)


def workloads():
    found = objects(*VALUES["everything"])
    return [one for one in found if "template" in one.get("spec", {})]


def test_every_pod_is_looked_at():
    kinds = {one["kind"] for one in objects(*VALUES["everything"])}
    assert kinds & {"Pod", "CronJob"} == set()
    assert sorted(one["metadata"]["name"] for one in workloads()) == sorted(WORKLOADS)


def test_pods_run_as_a_user_without_rights(workload):
    security = pod_of(workload)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == 65532
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_containers_can_neither_gain_rights_nor_change_their_image(workload):
    for container in pod_of(workload)["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def test_pods_share_nothing_with_their_node(workload):
    pod = pod_of(workload)
    assert {"hostNetwork", "hostPID", "hostIPC"} & pod.keys() == set()
    assert {kind for v in pod["volumes"] for kind in v.keys() - {"name"}} <= RESTRICTED_VOLUMES
    ports = [port for c in pod["containers"] for port in c.get("ports", [])]
    assert [port for port in ports if "hostPort" in port] == []


def test_pods_get_no_token_for_the_kubernetes_api(workload):
    pod = pod_of(workload)
    assert pod["automountServiceAccountToken"] is False
    account = next(
        one
        for one in of_kind("ServiceAccount", *VALUES["everything"])
        if one["metadata"]["name"] == pod["serviceAccountName"]
    )
    assert account["automountServiceAccountToken"] is False


def test_pods_say_what_they_need_and_where_they_may_write(workload):
    for container in pod_of(workload)["containers"]:
        assert {"requests", "limits"} <= container["resources"].keys()
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_images_are_named_with_a_tag_that_does_not_move(workload):
    for container in pod_of(workload)["containers"]:
        _, _, tag = container["image"].rpartition(":")
        assert tag not in ("", "latest")
        assert container["imagePullPolicy"] == "Never"


def test_where_pods_may_run_can_be_said(workload):
    pod = pod_of(workload)
    assert pod["nodeSelector"] == {"pool": "cpu"}
    assert [one["key"] for one in pod["tolerations"]] == ["batch"]


def test_every_pod_has_a_network_policy(workload):
    labels = workload["spec"]["template"]["metadata"]["labels"]
    policies = of_kind("NetworkPolicy", *VALUES["everything"])
    chosen = [
        p for p in policies if p["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert [policy["spec"]["policyTypes"] for policy in chosen] == [["Ingress", "Egress"]]
