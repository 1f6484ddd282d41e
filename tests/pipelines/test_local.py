"""The compiled graph on this machine: branches, exit task, exit codes, resumption."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kfp import compiler

from efface.errors import InputError
from pipelines import local
from pipelines.compile import COMPILED
from pipelines.process import only_run, run_process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Folder with the tiny graph, compiled under the name that the runner looks for."""
    folder = tmp_path_factory.mktemp("compiled")
    spec = importlib.util.spec_from_file_location(
        "tiny_graph", Path(__file__).parent / "tiny_graph.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    compiler.Compiler().compile(module.tiny, str(folder / "unlearn.yaml"))
    return folder


@pytest.fixture
def run(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr(local, "COMPILED", compiled)
    return lambda **given: local.run_locally(given, run_id="run-7", folder=tmp_path)


@pytest.mark.parametrize(
    ("given", "branch", "code"),
    [
        pytest.param({"passes": True}, "registered", 0, id="passed"),
        pytest.param({"passes": False}, "refused", 3, id="blocked"),
        pytest.param({"due": 0}, "idle", 0, id="nothing due"),
    ],
)
def test_the_right_branch_runs_and_settle_always_does(run, tmp_path, given, branch, code):
    ended = run(**given)
    assert ended.exit_code == code, ended.log.read_text()
    written = {path.name for path in (tmp_path / "workspace").iterdir() if path.is_file()}
    assert written == {branch, "settled"}
    assert (tmp_path / "workspace" / "settled").read_text() == "run-7"


def test_the_report_is_made_of_every_part_and_copied_for_people(run):
    assert run().kept["report.json"].read_text() == "a,b,c"


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        pytest.param("input", 2, "learning rate 9 is too high: use 1e-4", id="bad input"),
        pytest.param("infrastructure", 4, "disk full", id="full disk"),
        pytest.param("defect", 1, "ZeroDivisionError: a bug", id="defect"),
        pytest.param("killed", 4, "killed", id="killed"),
    ],
)
def test_a_failing_step_ends_the_run_with_its_own_message_and_code(
    run, tmp_path, fault, code, message
):
    ended = run(fault=fault)
    assert ended.exit_code == code
    assert ended.failure.step == "unlearn"
    assert message in ended.failure.message
    assert (tmp_path / "workspace" / "settled").read_text() == "run-7"


def test_a_failing_step_is_not_tried_again_on_this_machine(run, tmp_path):
    run(fault="input")
    states = [path.read_text() for path in (tmp_path / "progress").glob("step-*.json")]
    assert sum('"unlearn"' in state for state in states) == 1


def test_only_a_defect_leaves_a_traceback_of_efface_in_the_log(run):
    assert "InputError" not in run(fault="input").log.read_text()


def test_what_an_earlier_run_left_in_the_folder_is_not_shown(run):
    run()
    assert run(fault="input").kept == {}


def test_a_second_run_in_the_same_folder_is_refused(run, tmp_path):
    with only_run(tmp_path), pytest.raises(InputError, match="still works"):
        run()


@pytest.mark.parametrize("given", [{"fautl": ""}, {"tickets": "x"}], ids=["typo", "unknown"])
def test_an_unknown_parameter_is_refused_with_those_that_exist(run, given):
    with pytest.raises(InputError, match="workspace, due, fault, passes|the graph takes"):
        run(**given)


def test_a_wrong_parameter_leaves_no_folder(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr(local, "COMPILED", compiled)
    for runner in local.RUNNERS:
        with pytest.raises(InputError, match="workspace must be text"):
            local.run_locally(
                {"workspace": []}, run_id="run-7", folder=tmp_path / "run", runner=runner
            )
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_the_users_to_change(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr(local, "COMPILED", compiled)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="give another --folder"):
        local.run_locally({}, run_id="run-7", folder=tmp_path / "file")


@pytest.mark.parametrize(
    ("given", "image"),
    [
        pytest.param({}, "efface-gpu:0.1.0", id="default"),
        pytest.param({"gpu_image": "mine:7"}, "mine:7", id="given"),
    ],
)
def test_images_are_filled_in_for_runners_that_use_them(given, image):
    needed = dict.fromkeys(["tickets", "dataset", "model", "name", "workspace"], "x")
    graph, _ = yaml.safe_load_all(
        local.prepare(COMPILED / "unlearn.yaml", "run-7", {**needed, **given})
    )
    assert graph["deploymentSpec"]["executors"]["exec-unlearn"]["container"]["image"] == image


@pytest.fixture
def heard():
    """Ctrl-C is heard, also where the tests run in the background of a shell, which ignores it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_while_a_step_is_started_ends_that_step_too(
    tmp_path, monkeypatch, heard, number, error
):
    started = []

    def popen(*given, **more):
        os.kill(os.getpid(), number)  # comes when the step runs, and before anybody knows of it
        started.append(real(*given, **more))
        return started[0]

    real = subprocess.Popen
    monkeypatch.setattr("pipelines.process.subprocess.Popen", popen)
    with only_run(tmp_path) as lock, pytest.raises(error):
        run_process(["sleep", "60"], progress=tmp_path, log=tmp_path / "log", lock=lock)
    assert started[0].returncode == -signal.SIGTERM


def test_ending_the_runner_ends_its_steps(compiled, tmp_path):
    code = (
        "from pathlib import Path; from pipelines.process import only_run, run_process\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "with only_run(folder) as lock:\n"
        "    command = ['sh', '-c', f'echo $$ > {folder}/pid; sleep 60']\n"
        "    run_process(command, progress=folder, log=folder / 'log', lock=lock)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 30
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
