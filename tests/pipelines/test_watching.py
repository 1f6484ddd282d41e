"""What a watcher of a local run sees."""

import io
import json

import pytest
from rich.console import Console

from pipelines.watching import draw, find_failure, read_loops, read_steps


@pytest.fixture
def write(tmp_path):
    def write_task(number, step, state, message="", exit_code=0, seconds=1.0):
        facts = {"step": step, "state": state, "message": message, "exit_code": exit_code}
        times = {"started": float(number), "seconds": seconds}
        (tmp_path / f"step-{number}.json").write_text(json.dumps({**facts, **times}))

    return write_task


def test_the_tasks_of_one_step_are_counted_together(write, tmp_path):
    write(1, "shard", "done")
    write(2, "evaluate", "done", seconds=2.0)
    write(3, "evaluate", "running", seconds=0.0)
    shard, evaluate = read_steps(tmp_path)
    assert (shard.name, shard.state, shard.tasks) == ("shard", "done", 1)
    assert (evaluate.state, evaluate.tasks, evaluate.done) == ("running", 2, 1)
    assert evaluate.seconds == 2.0


def test_the_first_failure_counts_not_what_settle_made_of_it(write, tmp_path):
    write(1, "unlearn", "failed", "disk full", 4)
    write(2, "settle", "failed", "no ledger", 2)
    failure = find_failure(tmp_path)
    assert (failure.step, failure.message, failure.exit_code) == ("unlearn", "disk full", 4)


def test_a_step_that_never_said_how_it_ended_was_killed(write, tmp_path):
    write(1, "unlearn", "running")
    assert find_failure(tmp_path).exit_code == 4


def test_a_run_whose_steps_are_done_has_no_failure(write, tmp_path):
    write(1, "unlearn", "done")
    assert find_failure(tmp_path) is None


def test_a_loop_under_way_shows_how_far_it_is_and_how_long_it_takes(write, tmp_path):
    write(1, "unlearn", "running")
    facts = {"label": "unlearn", "done": 30, "total": 120, "seconds": 10.0}
    (tmp_path / "loop-1.json").write_text(json.dumps(facts))
    console = Console(width=100, file=io.StringIO())
    console.print(draw(read_steps(tmp_path), read_loops(tmp_path)))
    shown = console.file.getvalue()
    assert "30/120" in shown
    assert "30 s left" in shown
