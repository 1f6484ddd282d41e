"""SIGTERM to real processes in the middle of training, then the same command again."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from efface.models.checkpoint import fingerprint
from efface.steps import unlearn
from efface.training.group import ALONE
from efface.training.preemption import listening
from efface.training.state import KEY
from tests.steps.unlearn_run import QUICK, write_unlearn_run

LONG = {**QUICK, "steps": 600, "save_every": 0.0}


@pytest.fixture
def given(tmp_path):
    return write_unlearn_run(tmp_path)


def command(given, **changes):
    """``efface unlearn`` as a user would call it."""
    words = {**given, **changes}
    words["method"] = json.dumps(words["method"])
    names = ("sets", "policy", "model", "method", "run_id", "workspace", "before", "after")
    options = [(f"--{name.replace('_', '-')}", str(words[name])) for name in names]
    return [sys.executable, "-m", "efface.cli", "unlearn", *(o for pair in options for o in pair)]


def preempted(given, **changes):
    """Start the command, SIGTERM it when it has saved a state; give exit code and what it said."""
    process = subprocess.Popen(command(given, **changes), stderr=subprocess.PIPE, text=True)
    state = os.path.join(given["workspace"], given["run_id"], KEY)
    while not os.path.exists(state):
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def test_a_run_that_sigterm_stopped_reaches_the_same_model_bit_for_bit(given, tmp_path):
    code, said = preempted(given, method=LONG)
    assert code == 143, said
    assert "the training state is saved" in said
    assert not given["after"].exists()
    resumed = unlearn.run(**{**given, "method": LONG})
    whole = {"run_id": "whole", "after": tmp_path / "whole", "method": LONG}
    unlearn.run(**{**given, **whole})
    assert 0 < resumed["resumed_from"] < 600
    assert fingerprint(given["after"]) == fingerprint(tmp_path / "whole")


@pytest.mark.slow
def test_so_does_a_run_of_two_processes(given, tmp_path):
    two = {**LONG, "processes": 2}
    code, said = preempted(given, method=two)
    assert code == 143, said
    assert "the training state is saved" in said
    resumed = unlearn.run(**{**given, "method": two})
    unlearn.run(**{**given, "run_id": "whole", "after": tmp_path / "whole", "method": two})
    assert 0 < resumed["resumed_from"] < 600
    assert fingerprint(given["after"]) == fingerprint(tmp_path / "whole")


@pytest.mark.slow
def test_a_run_of_two_processes_is_taken_up_by_one(given):
    assert preempted(given, method={**LONG, "processes": 2})[0] == 143
    resumed = unlearn.run(**{**given, "method": LONG})
    assert 0 < resumed["resumed_from"] < resumed["steps"] == 600


def test_a_signal_is_heard_inside_and_the_former_handler_is_back_after_it():
    former = signal.getsignal(signal.SIGTERM)
    with listening(ALONE) as request:
        assert not request.asked()
        signal.raise_signal(signal.SIGTERM)
        assert request.asked()
    assert signal.getsignal(signal.SIGTERM) is former


def test_a_training_in_another_thread_hears_nothing_and_runs():
    asked = []

    def work():
        with listening(ALONE) as request:
            asked.append(request.asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert asked == [False]


def children_of(pid):
    """Process ids of all that a process started, and that those started."""
    found = []
    words = ["ps", "-o", "pid=", "--ppid", str(pid)]
    for child in subprocess.run(words, capture_output=True, text=True).stdout.split():
        found += [int(child), *children_of(int(child))]
    return found


@pytest.mark.slow
def test_a_process_that_is_killed_ends_all_and_the_step_says_what_to_do(given):
    words = command(given, method={**LONG, "processes": 2})
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    state = os.path.join(given["workspace"], given["run_id"], KEY)
    while not os.path.exists(state):
        assert process.poll() is None, process.stderr.read()
    started = children_of(process.pid)
    os.kill(started[-1], signal.SIGKILL)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 4, said
    assert "when it said nothing it was killed" in said
    assert not [pid for pid in started if os.path.exists(f"/proc/{pid}")]
    assert not given["after"].exists()
