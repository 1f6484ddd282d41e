"""A cluster for one check of the doctor."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.cluster.checks.place import Place
from efface.cluster.kubernetes_api import connect
from efface.settings import read_settings
from tests.cluster import fake_kubernetes
from tests.cluster.fake_kubernetes import FakeKubernetes


@pytest.fixture
def kubernetes() -> Iterator[FakeKubernetes]:
    with fake_kubernetes.serving() as fake:
        yield fake


@pytest.fixture
def place(kubernetes: FakeKubernetes, tmp_path: Path) -> Place:
    client = connect(in_cluster=False, kubeconfig=kubernetes.kubeconfig(tmp_path))
    return Place(settings=read_settings({}), cluster=lambda: client)
