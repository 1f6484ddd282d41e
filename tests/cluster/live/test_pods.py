import pytest

from tests.cluster.live.pods import pods_of_step, retry_policy


def pod(name, step, created, *, container="main"):
    words = ["--executor_input", "{}", "--function_to_execute", step]
    return {
        "metadata": {"name": name, "creationTimestamp": created},
        "spec": {"containers": [{"name": container, "command": ["launcher"], "args": words}]},
    }


def test_the_pods_of_a_step_are_found_oldest_first():
    pods = [
        pod("run-retry-system-container-impl-2", "unlearn", "2026-11-23T10:05:00Z"),
        pod("run-system-container-impl-3", "intake", "2026-11-23T10:00:00Z"),
        pod("run-retry-system-container-impl-1", "unlearn", "2026-11-23T10:01:00Z"),
        pod("run-system-container-driver-4", "unlearn", "2026-11-23T10:00:30Z"),
    ]
    assert pods_of_step(pods, "unlearn") == [
        "run-retry-system-container-impl-1",
        "run-retry-system-container-impl-2",
    ]


@pytest.mark.parametrize(
    ("configuration", "policy"),
    [
        pytest.param({}, "OnFailure", id="no ConfigMap"),
        pytest.param({"data": {"workflowDefaults": "spec: {}"}}, "OnFailure", id="no template"),
        pytest.param(
            {
                "data": {
                    "workflowDefaults": "spec: {templateDefaults: {retryStrategy: "
                    "{limit: '2', retryPolicy: OnError}}}"
                }
            },
            "OnError",
            id="as KFP 2.17 has it",
        ),
    ],
)
def test_what_argo_retries_is_read_from_its_configuration(configuration, policy):
    assert retry_policy(configuration) == policy
