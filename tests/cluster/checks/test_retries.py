"""What Argo tries again, read from its settings."""

import pytest

from efface.cluster.checks.retries import check_retries

CONFIGURATION = "/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap"
CONTROLLER = "/apis/apps/v1/namespaces/kubeflow/deployments/workflow-controller"
ON_ERROR = "spec: {templateDefaults: {retryStrategy: {limit: '2', retryPolicy: OnError}}}"


def controller(**variables):
    env = [{"name": name, "value": value} for name, value in variables.items()]
    spec = {"containers": [{"name": "controller", "env": env}]}
    return {"spec": {"selector": {}, "template": {"metadata": {}, "spec": spec}}}


@pytest.mark.parametrize(
    ("data", "state", "said"),
    [
        pytest.param({"workflowDefaults": ON_ERROR}, "warning", "exit 143", id="KFP 2.17"),
        pytest.param({"config": f"workflowDefaults: {{{ON_ERROR}}}"}, "warning", "143", id="older"),
        pytest.param(
            {"workflowDefaults": ON_ERROR.replace("OnError", "Always")},
            "warning",
            "groups of tasks",
            id="always",
        ),
        pytest.param({"workflowDefaults": "spec: {}"}, "ok", "OnFailure", id="as the docs say"),
    ],
)
def test_the_policy_decides(place, kubernetes, data, state, said):
    kubernetes.objects[CONFIGURATION] = {"data": data}
    found = check_retries(place)
    assert found.state == state
    assert said in found.found


@pytest.mark.parametrize(
    ("variables", "state"),
    [({}, "warning"), ({"ARGO_POD_STATUS_CAPTURE_FINALIZER": "true"}, "ok")],
    ids=["without", "with"],
)
def test_a_deleted_pod_is_only_seen_with_a_finalizer(place, kubernetes, variables, state):
    kubernetes.objects[CONFIGURATION] = {"data": {}}
    kubernetes.objects[CONTROLLER] = controller(**variables)
    assert check_retries(place).state == state


@pytest.mark.parametrize("refused", [True, False], ids=["may not be read", "is not there"])
def test_what_cannot_be_read_is_not_seen_and_no_failure(place, kubernetes, refused):
    kubernetes.refused |= {CONFIGURATION} if refused else set()
    found = check_retries(place)
    assert found.state == "skipped"
    assert found.found.startswith("not seen")
