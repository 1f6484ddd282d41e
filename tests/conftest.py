"""Fixtures that several folders of tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Key, registry and caches of the tests are not those of who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFACE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store; making one takes nine seconds, copying it none."""
    from efface.registry.connection import connected

    path = tmp_path_factory.mktemp("registry") / "mlflow.db"
    with connected(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def registry(registry_template: Path, tmp_path: Path) -> str:
    """Address of an empty MLflow store of this test's own."""
    shutil.copyfile(registry_template, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"
