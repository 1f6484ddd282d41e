"""What the record of a run means."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from efface.cluster.tasks import is_over, outcome_of, read_tasks

TITLES = {"intake": "Take the due tickets", "shard": "Make the sets", "evaluate": "Score"}
TITLES |= {"register": "Register the candidate", "refuse": "Record the refusal", "idle": "Nothing"}
BEGIN = datetime(2026, 11, 1, 2, tzinfo=UTC)


def node(name: str, state: str | None = "SUCCEEDED", begin: int = 0, end: int = 9) -> Any:
    times = {"start_time": BEGIN + timedelta(seconds=begin)}
    times["end_time"] = BEGIN + timedelta(seconds=end) if end else datetime(1970, 1, 1, tzinfo=UTC)
    return SimpleNamespace(display_name=name, state=state, error=None, **times)


def run(state: str, *nodes: Any, message: str = "") -> Any:
    error = SimpleNamespace(message=message) if message else None
    details = SimpleNamespace(task_details=list(nodes) or None)
    return SimpleNamespace(state=state, run_details=details, error=error, run_id="r")


def outcome(found: Any) -> Any:
    return outcome_of(found, read_tasks(found, TITLES))


def test_drivers_pods_and_groups_are_no_tasks():
    nodes = [node(n) for n in ("root", "root-driver", "intake-driver", "executor", "condition-7")]
    assert [t.name for t in read_tasks(run("RUNNING", *nodes, node("intake")), TITLES)] == [
        "intake"
    ]


def test_a_task_is_known_by_its_title_as_well():
    assert [t.name for t in read_tasks(run("RUNNING", node("Make the sets")), TITLES)] == ["shard"]


def test_tasks_come_in_the_order_they_began_and_a_loop_is_one():
    nodes = [node("evaluate", begin=30, end=40), node("evaluate", "RUNNING", 31, 0), node("shard")]
    shard, evaluate = read_tasks(run("RUNNING", *nodes), TITLES)
    assert (shard.name, shard.state, shard.seconds) == ("shard", "done", 9)
    assert (evaluate.state, evaluate.count, evaluate.done, evaluate.seconds) == (
        "running",
        2,
        1,
        10,
    )


def test_a_driver_that_failed_is_its_tasks_failure():
    (task,) = read_tasks(run("FAILED", node("shard-driver", "FAILED")), TITLES)
    assert (task.name, task.state) == ("shard", "failed")


@pytest.mark.parametrize("state", ["SKIPPED", "RUNTIME_STATE_UNSPECIFIED", None])
def test_what_was_left_out_after_a_failure_has_not_begun(state):
    found = read_tasks(run("FAILED", node("shard", "FAILED"), node("evaluate", state)), TITLES)
    assert [task.name for task in found] == ["shard"]


def test_a_run_without_any_record_of_tasks_is_no_verdict():
    found = SimpleNamespace(state="SUCCEEDED", run_details=None, error=None)
    assert (outcome(found).exit_code, outcome(found).word) == (4, "failed")


@pytest.mark.parametrize(
    ("task", "code"), [("register", 0), ("idle", 0), ("refuse", 3), ("intake", 4)]
)
def test_the_task_that_is_done_is_the_verdict(task, code):
    assert outcome(run("SUCCEEDED", node(task))).exit_code == code


def test_two_verdicts_are_none():
    found = outcome(run("SUCCEEDED", node("register"), node("refuse")))
    assert (found.exit_code, "more than one task" in found.reason) == (4, True)


def test_a_model_that_was_registered_by_a_run_that_failed_has_not_passed():
    assert outcome(run("FAILED", node("register"), message="settle broke")).exit_code == 4


def test_what_kfp_says_of_a_failure_is_told():
    found = outcome(run("FAILED", node("shard", "FAILED"), message="pod deleted"))
    assert found.reason.startswith("failed: Make the sets (pod deleted)")


@pytest.mark.parametrize(
    ("state", "over"),
    [("PENDING", False), ("RUNNING", False), ("CANCELING", False), (None, False)]
    + [("SUCCEEDED", True), ("FAILED", True), ("CANCELED", True)],
)
def test_a_run_is_over_when_nothing_of_it_goes_on(state, over):
    assert is_over(run(state)) is over
