"""A step as a task of the pipeline."""

import json
import logging

import pytest

from efface.errors import InfrastructureError, InputError
from efface.evidence.purge import open_run
from efface.steps import task
from efface.tickets.failures import first_failure


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_PROGRESS", str(tmp_path))
    return lambda: json.loads(next(tmp_path.glob("step-*.json")).read_text())


@pytest.fixture(autouse=True)
def kept_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def step(work):
    work.__module__ = "efface.steps.shard"
    return work


def test_the_answer_of_the_step_is_given_back(watched):
    assert task.call(step(lambda *, n: n + 1), n=1) == 2
    assert watched()["state"] == "done"
    assert watched()["step"] == "shard"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(InputError("no such folder: give one"), 2, id="input"),
        pytest.param(InfrastructureError("disk full"), 4, id="infrastructure"),
    ],
)
def test_an_error_of_the_user_ends_the_process_with_its_code(watched, error, code):
    def work():
        raise error

    with pytest.raises(SystemExit) as ended:
        task.call(step(work))
    assert ended.value.code == code
    assert watched()["message"] == str(error)
    assert watched()["exit_code"] == code


def test_a_defect_keeps_its_traceback(watched):
    def work():
        raise KeyError("x")

    with pytest.raises(KeyError):
        task.call(step(work))
    assert watched()["exit_code"] == 1


def test_a_running_step_is_announced(watched):
    seen = []
    task.call(step(lambda: seen.append(watched()["state"])))
    assert seen == ["running"]


def test_without_a_watcher_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("EFFACE_PROGRESS", raising=False)
    monkeypatch.chdir(tmp_path)
    task.call(step(lambda: None))
    assert list(tmp_path.iterdir()) == []


def test_why_a_step_failed_is_left_in_the_folder_of_its_run(tmp_path):
    def work(*, workspace, run_id):
        raise InfrastructureError("disk full")

    with pytest.raises(SystemExit):
        task.call(step(work), workspace=str(tmp_path), run_id="run-1")
    assert first_failure(open_run(str(tmp_path), "run-1")) == "shard: disk full"


def test_a_part_that_does_well_does_not_hide_another_that_failed(tmp_path):
    def work(*, shard, workspace, run_id):
        if shard == "forget-00000":
            raise InfrastructureError("disk full")

    place = {"workspace": str(tmp_path), "run_id": "run-1"}
    with pytest.raises(SystemExit):
        task.call(step(work), shard="forget-00000", **place)
    task.call(step(work), shard="retain-00000", **place)
    assert first_failure(open_run(str(tmp_path), "run-1")) == "shard-forget-00000: disk full"
