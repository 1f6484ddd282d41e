"""The compiled graph with its real steps, on a tiny model: one ticket passes, one is blocked."""

import pytest

from pipelines.local import run_locally
from tests.tiny_world import make_world, read

HARD = {"name": "max-loss", "steps": 60, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("EFFACE_HOME", str(tmp_path / "home"))


def end(world, folder, method):
    arguments = world.arguments(folder, "stripes-0", "stripes-1", method=method)
    return run_locally(arguments, run_id="night-1", folder=folder / "run")


def run(world, folder, method):
    ended = end(world, folder, method)
    assert ended.failure is None, ended.log.read_text()[-4000:]
    return ended


@pytest.fixture
def folder(tmp_path, registry):
    return tmp_path


def test_a_model_that_forgot_is_registered_with_its_evidence(world, folder, registry):
    ended = run(world, folder, HARD)
    workspace = folder / "run" / "workspace" / "night-1"
    assert ended.exit_code == 0, read(ended.kept["verdict.json"])["reasons"]
    assert read(workspace / "registered.json")["name"] == "tiny"
    assert read(ended.kept["verdict.json"])["passed"]
    attacks = [result["attack"] for result in read(ended.kept["audit.json"])["results"]]
    assert attacks == ["mask-sweep", "encoder-swap"]
    assert "<html" in ended.kept["evidence.html"].read_text()
    assert_no_private_copy_is_left(folder / "run", workspace)


def test_a_model_that_did_not_forget_is_blocked_and_never_registered(world, folder, registry):
    ended = run(world, folder, {"name": "original"})
    workspace = folder / "run" / "workspace" / "night-1"
    assert ended.exit_code == 3
    assert not (workspace / "registered.json").exists()
    assert read(ended.kept["verdict.json"])["reasons"]
    assert ended.kept["verdict.md"].read_text().startswith("# Blocked")
    assert_no_private_copy_is_left(folder / "run", workspace)


def test_a_training_that_breaks_down_blocks_its_ticket_and_registers_nothing(world, folder):
    ended = end(world, folder, {"steps": 30, "learning_rate": 1e38, "warmup": 0})
    workspace = folder / "run" / "workspace" / "night-1"
    ticket = read(folder / "tickets" / "states" / "t-1.json")
    assert ended.exit_code == 4
    assert ended.failure.step == "unlearn"
    assert ticket["state"] == "blocked"
    assert ticket["reasons"] == [ended.failure.message]
    assert "not finite" in ended.failure.message
    assert not (workspace / "registered.json").exists()
    assert_no_private_copy_is_left(folder / "run", workspace)


def assert_no_private_copy_is_left(run_folder, workspace):
    assert (workspace / "settlement.json").exists()
    left = {path.name for path in (run_folder / "artifacts").rglob("*") if path.is_file()}
    assert not {name for name in left if name.endswith((".tar", ".safetensors", "forget.parquet"))}
