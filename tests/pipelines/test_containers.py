"""What a task sees in a container; the containers themselves are run by tests/images."""

import os
from types import SimpleNamespace

import pytest

from efface.errors import InfrastructureError, InputError
from pipelines import containers
from pipelines.containers import container_settings, engine, local_path, with_absolute_paths
from pipelines.local import COMPILED, prepare, run_locally


@pytest.fixture
def arguments(tmp_path):
    """Parameters of a run whose places all lie on this machine."""
    for name in ("tickets", "data", "models", "policies"):
        (tmp_path / name).mkdir()
    (tmp_path / "policies" / "policy.yaml").touch()
    return {
        "tickets": str(tmp_path / "tickets"),
        "dataset": str(tmp_path / "data"),
        "model": str(tmp_path / "models"),
        "policy": str(tmp_path / "policies" / "policy.yaml"),
        "registry": f"sqlite:///{tmp_path}/registry/mlflow.db",
        "workspace": str(tmp_path / "workspace"),
        "name": "tiny",
    }


@pytest.fixture
def settings(arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EFFACE_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", "0123456789abcdef")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    return container_settings(arguments, tmp_path)


def test_what_is_read_is_mounted_read_only_and_what_is_written_is_not(settings, tmp_path):
    writable = {mount["Target"]: not mount["ReadOnly"] for mount in settings["mounts"]}
    assert writable == {
        str(tmp_path / "data"): False,
        str(tmp_path / "models"): False,
        str(tmp_path / "policies"): False,
        str(tmp_path / "tickets"): True,
        str(tmp_path / "workspace"): True,
        str(tmp_path / "registry"): True,
        str(tmp_path / "progress"): True,
    }


def test_every_path_is_the_same_inside_and_outside(settings):
    assert all(mount["Source"] == mount["Target"] for mount in settings["mounts"])


def test_a_task_has_no_rights_that_a_restricted_pod_would_not_have(settings):
    assert settings["read_only"]
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges"]
    assert not settings["user"].startswith("0:")


def test_tasks_get_the_key_and_the_store_but_not_the_home_of_this_user(settings):
    environment = settings["environment"]
    assert environment["EFFACE_SUBJECT_KEY"] == "0123456789abcdef"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9000"
    assert "EFFACE_HOME" not in environment
    assert "PATH" not in environment


@pytest.mark.parametrize("user", [0, 1000])
def test_tasks_run_as_the_user_who_started_them_unless_that_is_root(monkeypatch, user):
    monkeypatch.setattr(os, "getuid", lambda: user)
    monkeypatch.setattr(os, "getgid", lambda: user)
    assert containers.task_user() == ((65532, 65532) if user == 0 else (user, user))


@pytest.mark.parametrize("value", ["s3://bucket/data", "models:/m@champion", "https://host", ""])
def test_what_is_not_on_this_machine_is_not_mounted(value):
    assert local_path(value) is None


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"dataset": "data", "registry": "sqlite:///runs/mlflow.db", "model": "models:/m/1"}
    assert with_absolute_paths(given) == {
        "dataset": str(tmp_path / "data"),
        "registry": f"sqlite:///{tmp_path}/runs/mlflow.db",
        "model": "models:/m/1",
    }


def test_the_registry_of_this_installation_is_that_of_the_tasks(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_REGISTRY", f"sqlite:///{tmp_path}/mlflow.db")
    assert with_absolute_paths({})["registry"] == f"sqlite:///{tmp_path}/mlflow.db"


def test_without_docker_the_run_does_not_start_and_says_why(arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(InfrastructureError, match="Docker does not answer"):
        run_locally(arguments, run_id="run-1", folder=tmp_path / "run", runner="docker")


def test_a_missing_image_is_named_with_what_to_do(arguments, tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "_connect", lambda: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(containers, "_is_there", lambda client, image: "gpu" not in image)
    graph = prepare(COMPILED / "unlearn.yaml", "run-1", arguments)
    with (
        pytest.raises(InputError, match="no image efface-gpu:.*make images"),
        engine(graph, arguments, tmp_path),
    ):
        pass


def test_a_folder_that_tasks_could_not_write_to_is_named_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "task_user", lambda: (os.getuid() + 1, 1))
    tmp_path.chmod(0o755)
    with pytest.raises(InputError, match="run `chown -R"):
        containers._check_writable([tmp_path])
