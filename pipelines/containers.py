"""Tasks of a local run in containers of Docker: what they see, who they are, and that they end.

A container gets the paths of the run's parameters under their own names, a root file system that
cannot be written to, an empty /tmp, no capabilities, and the network and variables of this machine.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import yaml
from docker.errors import APIError, DockerException, ImageNotFound
from docker.types import Mount

from efface.errors import InfrastructureError, InputError
from efface.settings import read_settings

USER = 65532
"""User and group of the images."""
READ = ("dataset", "model", "policy")
"""Parameters of the graph that may name a path which tasks read."""
WRITTEN = ("tickets", "workspace", "registry")
"""Parameters of the graph that may name a path which tasks write to."""
PASSED = ("AWS_", "EFFACE_", "MLFLOW_", "OMP_")
"""Variables that begin so reach the tasks."""
LABEL = "efface.run"
"""Label of a container: the folder of the run that it works for."""
SQLITE = "sqlite:///"


def with_absolute_paths(arguments: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the graph for containers, which have another folder and another home."""
    changed = {**arguments, "registry": arguments.get("registry") or read_settings().registry}
    for name in (*READ, *WRITTEN):
        if (path := local_path(changed.get(name, ""))) is not None:
            prefix = SQLITE if changed[name].startswith(SQLITE) else ""
            changed[name] = f"{prefix}{path.absolute()}"
    return changed


def local_path(value: str) -> Path | None:
    """The file or folder of this machine that a parameter names; None when it names none."""
    if value.startswith(SQLITE):
        return Path(value.removeprefix(SQLITE))
    return None if not value or "://" in value or value.startswith("models:") else Path(value)


def container_settings(arguments: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What ``kfp.local.DockerRunner`` hands to Docker for every task of the run in ``folder``."""
    settings = read_settings()
    environment = {n: v for n, v in os.environ.items() if n.startswith(PASSED)}
    environment.pop("EFFACE_HOME", None)
    environment["EFFACE_SUBJECT_KEY"] = settings.subject_key.decode()
    places = dict.fromkeys(_read(arguments), True)
    places |= dict.fromkeys([*_written(arguments), *filter(None, [settings.progress])], False)
    return {
        "user": ":".join(map(str, task_user())),
        "read_only": True,
        "tmpfs": {"/tmp": ""},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "network_mode": "host",
        "environment": environment,
        "labels": {LABEL: str(folder)},
        "mounts": [Mount(str(p), str(p), "bind", read_only=only) for p, only in places.items()],
    }


def task_user() -> tuple[int, int]:
    """User and group that tasks run as: those of this process, but never root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (USER, USER)


def hand_over(folder: Path) -> None:
    """Give a folder and all in it to the user of the tasks, where this process may: as root."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, *task_user())


@contextmanager
def engine(graph: str, arguments: dict[str, Any], folder: Path) -> Iterator[None]:
    """Have everything ready for a run in ``folder``, and leave no container of it behind.

    Args:
        graph: The compiled graph; it names the images that the tasks run in.
        arguments: The parameters of the graph, paths absolute.
        folder: Folder of the run; root gives it to the user of the tasks.

    Raises:
        InfrastructureError: Docker does not answer.
        InputError: an image is not there, or the tasks may not write where they must.
    """
    with closing(_connect()) as client:
        if missing := [image for image in images_of(graph) if not _is_there(client, image)]:
            raise InputError(f"no image {', '.join(missing)} on this machine: run `make images`")
        written = list(_written(arguments))
        hand_over(folder)
        _check_writable(written)
        try:
            yield
        finally:
            for container in client.containers.list(filters={"label": f"{LABEL}={folder}"}):
                with suppress(APIError):  # it ended meanwhile
                    container.kill()


def images_of(graph: str) -> list[str]:
    """The images that a compiled graph names."""
    executors = next(yaml.safe_load_all(graph))["deploymentSpec"]["executors"].values()
    return sorted({executor["container"]["image"] for executor in executors})


def _connect() -> docker.DockerClient:
    try:
        return docker.from_env()
    except DockerException as error:
        raise InfrastructureError(f"Docker does not answer ({error}): start it") from None


def _read(arguments: dict[str, Any]) -> Iterator[Path]:
    """Folders that tasks read; of a policy the whole folder, for its extractors."""
    for name in READ:
        path = local_path(arguments.get(name, ""))
        if path is not None and path.exists():
            yield path if path.is_dir() else path.parent


def _written(arguments: dict[str, Any]) -> Iterator[Path]:
    """Folders that tasks write to; of a database the whole folder, for its journal and files."""
    for name in WRITTEN:
        path = local_path(arguments.get(name, ""))
        if path is not None:
            folder = path.parent if arguments[name].startswith(SQLITE) else path
            folder.mkdir(parents=True, exist_ok=True)
            yield folder


def _is_there(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def _check_writable(folders: list[Path]) -> None:
    user, _ = task_user()
    for folder in folders:
        facts = folder.stat()
        if facts.st_uid != user and not facts.st_mode & 0o002:
            raise InputError(
                f"{folder} belongs to user {facts.st_uid}, and tasks in containers run as {user}: "
                f"run `chown -R {user} {folder}`, or start as another user than root"
            )
