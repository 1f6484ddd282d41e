from tests.cluster.live.diagnosis import diagnose, event_lines, pod_lines, unwell

FAILED = {
    "metadata": {"name": "unlearn-1"},
    "spec": {"nodeName": "node-a"},
    "status": {
        "phase": "Failed",
        "containerStatuses": [
            {"name": "main", "state": {"terminated": {"exitCode": 137}}},
            {"name": "wait", "state": {"terminated": {"exitCode": 0}}},
        ],
    },
}
PULLING = {
    "metadata": {"name": "intake-1"},
    "spec": {"nodeName": "node-a"},
    "status": {
        "phase": "Pending",
        "containerStatuses": [
            {"name": "main", "state": {"waiting": {"reason": "ErrImageNeverPull"}}}
        ],
    },
}
HOMELESS = {
    "metadata": {"name": "shard-1"},
    "spec": {},
    "status": {
        "phase": "Pending",
        "conditions": [{"reason": "Unschedulable", "message": "0/2 nodes are available"}],
    },
}
WELL = {
    "metadata": {"name": "mlflow"},
    "spec": {"nodeName": "node-a"},
    "status": {"phase": "Running", "containerStatuses": [{"name": "mlflow", "state": {}}]},
}


def test_a_pod_is_one_line_with_its_state_and_the_reason():
    lines = pod_lines([FAILED, PULLING, HOMELESS, WELL])
    assert lines == [
        "unlearn-1  Failed  node-a  main: exit 137",
        "intake-1  Pending  node-a  main: ErrImageNeverPull ",
        "shard-1  Pending  no-node  0/2 nodes are available",
        "mlflow  Running  node-a",
    ]


def test_only_warnings_are_told_the_last_ones():
    events = [
        {"type": "Normal", "involvedObject": {"name": "a"}, "reason": "Pulled"},
        *(
            {
                "type": "Warning",
                "involvedObject": {"name": f"pod-{number}"},
                "reason": "Failed",
                "message": "no image",
            }
            for number in range(100)
        ),
    ]
    lines = event_lines(events)
    assert len(lines) == 40
    assert lines[-1] == "pod-99  Failed: no image"


def test_logs_are_wanted_of_pods_that_are_not_well():
    restarted = {
        "metadata": {"name": "restarted"},
        "status": {"phase": "Running", "containerStatuses": [{"restartCount": 2}]},
    }
    found = unwell([FAILED, PULLING, WELL, restarted])
    assert found == ["unlearn-1", "intake-1", "restarted"]


def test_a_cluster_that_does_not_answer_is_told_instead(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert diagnose("efface").startswith("== efface: cannot be looked at: kubectl is not installed")
