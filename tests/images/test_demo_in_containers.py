"""The whole demo in the real images: not root, and with a root file system that is read-only.

Needs Docker and the images (`make images`); some ten minutes on two cores.
"""

import json
import shutil

import docker
import pytest
from docker.errors import DockerException

from components.images import CORE, GPU
from efface.registry import import_base
from examples.fashion import demo
from pipelines import containers
from pipelines.local import run_locally

LAYERS_OF_CORE = 450e6
"""Bytes that the core image may add to its base; python:3.11-slim has some 130 million."""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine():
    """Docker, where it has both images; without them there is nothing to test."""
    try:
        client = docker.from_env()
        for image in (CORE, GPU):
            client.images.get(image)
    except DockerException as error:
        pytest.skip(f"needs Docker and the images: {error}")
    yield client
    client.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def ended(engine, folder):
    """A run of the demo's ticket, with everything it writes in one folder."""
    registry = f"sqlite:///{folder}/registry/mlflow.db"
    (folder / "tickets").mkdir()
    shutil.copy(demo.HERE / "tickets" / "brand-owner.json", folder / "tickets")
    import_base(demo.HERE / "model", name=demo.MODEL, registry=registry)
    containers.hand_over(folder)
    arguments = {
        "tickets": str(folder / "tickets"),
        "dataset": str(demo.HERE / "data"),
        "policy": str(demo.HERE / "policy.yaml"),
        "model": f"models:/{demo.MODEL}@champion",
        "registry": registry,
        "name": demo.MODEL,
        "method": {"name": demo.METHOD, **demo.METHODS[demo.METHOD]},
    }
    return run_locally(arguments, run_id="night-1", folder=folder / "run", runner="docker")


def test_the_demo_passes_in_containers(ended):
    assert ended.failure is None, ended.log.read_text()[-4000:]
    assert ended.exit_code == 0, ended.kept["verdict.json"].read_text()
    assert "<html" in ended.kept["evidence.html"].read_text()


def test_the_model_is_registered_and_no_private_copy_is_left(ended, folder):
    workspace = folder / "run" / "workspace" / "night-1"
    assert json.loads((workspace / "registered.json").read_text())["model_version"] == "2"
    assert (workspace / "settlement.json").exists()
    left = {path.name for path in (folder / "run" / "artifacts").rglob("*") if path.is_file()}
    assert not {name for name in left if name.endswith((".tar", ".safetensors", "forget.parquet"))}


def test_no_task_wrote_as_root(ended, folder):
    user, _ = containers.task_user()
    written = (folder / "run" / "artifacts").rglob("*")
    assert {path.stat().st_uid for path in written} == {user}


def test_no_container_is_left(ended, engine, folder):
    label = f"{containers.LABEL}={folder / 'run'}"
    assert engine.containers.list(all=True, filters={"label": label}) == []


def test_the_core_image_stays_small(engine):
    core = engine.images.get(CORE)
    base = engine.images.get(core.labels["org.opencontainers.image.base.name"])
    assert core.attrs["Size"] - base.attrs["Size"] < LAYERS_OF_CORE


@pytest.mark.parametrize("name", [CORE, GPU])
def test_the_image_that_was_built_has_a_user_and_no_entrypoint(engine, name):
    config = engine.images.get(name).attrs["Config"]
    assert config["User"] == "65532:65532"
    assert not config["Entrypoint"]
