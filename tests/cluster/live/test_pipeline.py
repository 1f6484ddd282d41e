"""The whole of efface on a real Kubernetes with Kubeflow Pipelines: docs/cluster.md."""

import json
from pathlib import Path

import pytest

from efface.storage import Store, open_store
from examples.fashion.bucket import parameters
from examples.fashion.demo import MODEL
from tests.cluster.live import release
from tests.cluster.live.commands import call, kubectl, listed
from tests.cluster.live.environment import Environment
from tests.cluster.live.kfp import recurring_runs, terminate
from tests.cluster.live.mlflow import forwarded
from tests.cluster.live.pods import CONTROLLER, kill, pods_of, retry_policy
from tests.cluster.live.runs import Ended, begin, finish
from tests.cluster.live.submission import words, write_parameters
from tests.cluster.live.waiting import NotYetError, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("installed")]
EVIDENCE = {"report.json", "verdict.json", "page.html", "audit.json"}


def settlement(workspace: Store, run: Ended) -> dict:
    return json.loads(workspace.read(f"{run.run_id}/settlement.json"))


def test_the_pods_of_the_chart_run(environment: Environment):
    pods = listed(release.NAMESPACE, "pods", "-l", "app.kubernetes.io/component=mlflow")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"]


def test_the_chart_has_made_one_recurring_run(environment: Environment):
    found = recurring_runs(environment.kfp_host, release.SCHEDULE)
    assert len(found) == 1
    assert found[0]["trigger"]["cron_schedule"]["cron"] == release.CRON
    assert int(found[0]["max_concurrency"]) == 1
    assert found[0]["no_catchup"] is True


def test_the_same_schedule_changes_nothing(environment: Environment, root: str, tmp_path: Path):
    chosen = parameters(root, "scheduled")
    params = write_parameters(chosen, tmp_path / "params.yaml")
    command = [*words("schedule", environment, params), "--name", release.SCHEDULE]
    call(*command, "--cron", release.CRON, seconds=300)
    before = recurring_runs(environment.kfp_host, release.SCHEDULE)
    assert "unchanged" in call(*command, "--cron", release.CRON, seconds=300)
    after = recurring_runs(environment.kfp_host, release.SCHEDULE)
    assert ids(after) == ids(before)


def test_a_ticket_that_can_be_met_passes(passed: Ended):
    assert passed.exit_code == 0, passed.said


def test_the_ticket_is_answered(passed: Ended, workspace: Store):
    found = settlement(workspace, passed)
    assert found["verdict"] == "passed"
    assert [ticket["state"] for ticket in found["tickets"]] == ["completed"]


def test_the_model_that_passed_is_the_candidate(passed: Ended, workspace: Store):
    record = json.loads(workspace.read(f"{passed.run_id}/registered.json"))
    with forwarded(release.NAMESPACE, release.MLFLOW) as mlflow:
        version = mlflow.version(MODEL, "candidate")
        evidence = mlflow.artifacts(version["run_id"], "evidence")
    assert str(version["version"]) == str(record["model_version"])
    assert version["tags"]["gate"] == "passed"
    assert version["tags"]["efface_run_id"] == passed.run_id
    assert set(evidence) >= EVIDENCE


def test_no_private_copy_is_left(passed: Ended, workspace: Store):
    found = settlement(workspace, passed)
    assert found["not_purged"] == []
    assert sum(place["files"] for place in found["purged"]) > 0
    assert [place["place"] for place in found["purged"] if left_in(place["place"])] == []


def test_a_method_that_does_not_forget_is_blocked(blocked: Ended, workspace: Store):
    assert blocked.exit_code == 3, blocked.said
    found = settlement(workspace, blocked)
    assert found["verdict"] == "blocked"
    assert [ticket["state"] for ticket in found["tickets"]] == ["blocked"]
    assert found["tickets"][0]["reasons"]
    assert found["not_purged"] == []


def test_a_blocked_model_is_not_registered(blocked: Ended, workspace: Store):
    with forwarded(release.NAMESPACE, release.MLFLOW) as mlflow:
        runs = [version["tags"] for version in mlflow.versions(MODEL)]
    assert blocked.run_id not in json.dumps(runs)
    assert not workspace.exists(f"{blocked.run_id}/registered.json")


def test_a_killed_unlearn_pod_goes_on_where_it_was(
    environment: Environment, root: str, workspace: Store, logs: Path
):
    chosen = parameters(root, "killed", save_every=1.0)
    submission = begin(environment, chosen, logs / "killed")
    run_id = submission.run_id()
    try:
        first = first_to_save(environment, workspace, run_id)
        kill(environment.namespace, first, policy_of(environment))
        second = wait_for(
            "a second unlearn pod",
            lambda: other_than(first, pods_of(environment.namespace, run_id, "unlearn")),
            seconds=300,
        )
        log = wait_for(
            "the second pod to take up the state of the first",
            lambda: resumed(environment.namespace, second),
            seconds=600,
        )
    except BaseException:
        submission.stop()
        terminate(environment.kfp_host, run_id)
        raise
    ended = finish(submission, environment)
    assert ended.exit_code == 0, ended.said
    assert "resume=yes" in log
    assert settlement(workspace, ended)["not_purged"] == []


def test_an_uninstallation_leaves_only_what_must_stay(environment: Environment):
    call("helm", "uninstall", release.RELEASE, "-n", release.NAMESPACE, "--wait", seconds=300)
    assert release.leftovers(release.NAMESPACE) == []
    assert release.leftovers(environment.namespace) == ["secret/efface"]  # the subject key
    assert recurring_runs(environment.kfp_host, release.SCHEDULE) == []


def ids(runs: list[dict]) -> list[str]:
    return [run["recurring_run_id"] for run in runs]


def left_in(place: str) -> list[str]:
    """Keys that are still in a place that was purged; a path in a pod went with its pod."""
    if not place.startswith("s3://"):
        return []
    parent, _, name = place.rpartition("/")
    keys = open_store(parent).list(name)
    return [key for key in keys if key == name or key.startswith(f"{name}/")]


def first_to_save(environment: Environment, workspace: Store, run_id: str) -> str:
    """Name of the unlearn pod, once it has saved its state."""

    def look() -> str:
        found = pods_of(environment.namespace, run_id, "unlearn")
        if not found or not workspace.exists(f"{run_id}/resume/state.pt"):
            raise NotYetError(f"pods {found}, no saved state")
        return found[0]

    return wait_for("the unlearn pod to save its state", look, seconds=environment.wait, every=1.0)


def other_than(first: str, pods: list[str]) -> str:
    """The pod that took the place of the first."""
    others = [pod for pod in pods if pod != first]
    if not others:
        raise NotYetError(f"pods {pods}")
    return others[-1]


def resumed(namespace: str, pod: str) -> str:
    """The log of a pod, once it says whether it goes on."""
    words = ("logs", pod, "--container", "main", "--ignore-errors")
    log = kubectl(namespace, *words) if ready(namespace, pod) else ""
    if "resume=" not in log:
        raise NotYetError(log[-500:] or "no log yet")
    return log


def ready(namespace: str, pod: str) -> bool:
    """Whether a pod has begun, so that it has a log."""
    phase = kubectl(namespace, "get", "pod", pod, "--output", "jsonpath={.status.phase}")
    return phase in {"Running", "Succeeded", "Failed"}


def policy_of(environment: Environment) -> str:
    """What Argo retries on this cluster."""
    words = ("get", "configmap", CONTROLLER, "--ignore-not-found", "--output", "json")
    return retry_policy(json.loads(kubectl(environment.namespace, *words) or "{}"))
