"""A step as a task of the pipeline."""

import json
import logging

import pytest

from efface.errors import InfrastructureError, InputError
from efface.steps import task


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
