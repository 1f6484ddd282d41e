"""Where the tasks of the compiled graph run."""

import pytest
import yaml

from pipelines.compile import COMPILED
from pipelines.placement import GPU, SECRET

ON_GPU = {"audit", "shard", "unlearn", "evaluate"}


@pytest.fixture(scope="module")
def documents():
    return list(yaml.safe_load_all((COMPILED / "unlearn.yaml").read_text()))


@pytest.fixture(scope="module")
def containers(documents):
    executors = documents[0]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): facts["container"] for name, facts in executors.items()}


@pytest.fixture(scope="module")
def kubernetes(documents):
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): facts for name, facts in executors.items()}


def test_only_training_and_scoring_ask_for_a_gpu(containers):
    asking = {n for n, c in containers.items() if "accelerator" in c.get("resources", {})}
    assert asking == ON_GPU
    types = {containers[n]["resources"]["accelerator"]["resourceType"] for n in asking}
    assert types == {GPU}


def test_gpu_tasks_tolerate_gpu_nodes_and_have_shared_memory(kubernetes):
    for name in ON_GPU:
        assert [t["key"] for t in kubernetes[name]["tolerations"]] == [GPU]
        assert kubernetes[name]["emptyDirMounts"][0]["mountPath"] == "/dev/shm"


def test_every_task_bounds_its_memory(containers):
    assert all("resourceMemoryLimit" in c["resources"] for c in containers.values())


def test_every_task_knows_the_key_of_subject_ids(kubernetes, containers):
    assert set(kubernetes) == set(containers)
    assert {k["secretAsEnv"][0]["secretName"] for k in kubernetes.values()} == {SECRET}
