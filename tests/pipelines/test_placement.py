"""Where the tasks of the compiled graph run."""

import re

import pytest
import yaml

from components.images import CORE, GPU
from efface.cluster.choices import HOURS
from pipelines.compile import COMPILED
from pipelines.placement import NVIDIA

ON_GPU = {"audit", "shard", "unlearn", "evaluate"}
PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['pipelinechannel--(\w+)'\]\}\}")


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


@pytest.fixture(scope="module")
def defaults(documents):
    given = documents[0]["root"]["inputDefinitions"]["parameters"]
    return {name: facts.get("defaultValue") for name, facts in given.items()}


def groups(documents):
    """Every group of tasks (root, exit handler, conditions, loop) with the inputs it has."""
    graph = documents[0]
    for component in [graph["root"], *graph["components"].values()]:
        if "dag" in component:
            yield component["dag"]["tasks"], component["inputDefinitions"]["parameters"]


def parameter(text):
    """Name of the graph's parameter that a field of a container is filled from."""
    (name,) = PARAMETER.fullmatch(text).groups()
    return name


def test_only_training_and_scoring_ask_for_a_gpu(containers, kubernetes):
    asking = {n for n, c in containers.items() if "accelerator" in c["resources"]}
    assert asking == ON_GPU
    assert {n for n, facts in kubernetes.items() if "nodeAffinity" in facts} == ON_GPU


@pytest.mark.parametrize("field", ["resourceCpuRequest", "resourceMemoryRequest"])
def test_what_a_task_asks_for_is_chosen_for_each_run(containers, field):
    word = "cpu" if "Cpu" in field else "memory"
    for name, container in containers.items():
        given = parameter(container["resources"][field])
        assert given == (f"gpu_{word}" if name in ON_GPU else word)


def test_no_task_may_use_more_memory_than_it_asks_for(containers):
    for container in containers.values():
        resources = container["resources"]
        assert resources["resourceMemoryLimit"] == resources["resourceMemoryRequest"]


def test_number_and_kind_of_gpus_are_chosen_for_each_run(containers, defaults):
    for name in ON_GPU:
        accelerator = containers[name]["resources"]["accelerator"]
        assert parameter(accelerator["resourceCount"]) == "gpus"
        assert parameter(accelerator["resourceType"]) == "gpu_type"
        # A fixed number beside it would win on a cluster without GPUs.
        assert set(accelerator) == {"resourceCount", "resourceType"}
    assert (defaults["gpus"], defaults["gpu_type"]) == ("1", NVIDIA)


def test_images_are_chosen_for_each_run(containers, defaults):
    images = {name: parameter(container["image"]) for name, container in containers.items()}
    core = {name for name, image in images.items() if image == "core_image"}
    assert core == {"intake", "gate", "idle", "settle"}
    assert set(images.values()) == {"core_image", "gpu_image"}
    assert (defaults["core_image"], defaults["gpu_image"]) == (CORE, GPU)


def test_nodes_are_chosen_for_each_run(kubernetes):
    for name, facts in kubernetes.items():
        prefix = "gpu_" if name in ON_GPU else ""
        selector = facts["nodeSelector"]["nodeSelectorJson"]["componentInputParameter"]
        assert selector.removeprefix("pipelinechannel--") == f"{prefix}node_selector"
        taints = facts["tolerations"][-1]["tolerationJson"]["componentInputParameter"]
        assert taints.removeprefix("pipelinechannel--") == f"{prefix}tolerations"


def test_every_parameter_of_placement_reaches_its_task_through_all_groups(documents):
    """KFP 2.17 forgets those of cpu, memory and GPUs; a run would end with "not found"."""
    for tasks, inputs in groups(documents):
        for task in tasks.values():
            given = task.get("inputs", {}).get("parameters", {}).values()
            named = [g["componentInputParameter"] for g in given if "componentInputParameter" in g]
            assert set(named) <= set(inputs)


def test_kubernetes_settings_name_inputs_of_their_own_group(documents, kubernetes):
    executors = {
        c["executorLabel"]: name
        for name, c in documents[0]["components"].items()
        if "executorLabel" in c
    }
    for tasks, inputs in groups(documents):
        here = {task["componentRef"]["name"] for task in tasks.values()}
        for label, component in executors.items():
            if component in here:
                facts = kubernetes[label.removeprefix("exec-")]
                named = re.findall(r"'componentInputParameter': '([^']+)'", str(facts))
                assert named
                assert set(named) <= set(inputs)


def test_everything_about_placement_has_a_default(documents):
    given = documents[0]["root"]["inputDefinitions"]["parameters"]
    needed = {name for name, facts in given.items() if not facts.get("isOptional")}
    assert needed == {"tickets", "dataset", "model", "name", "workspace"}


def test_gpu_tasks_tolerate_gpu_nodes_and_have_bounded_shared_memory(kubernetes):
    for name in ON_GPU:
        assert kubernetes[name]["tolerations"][0] == {
            "key": NVIDIA,
            "operator": "Exists",
            "effect": "NoSchedule",
        }
        assert kubernetes[name]["emptyDirMounts"] == [
            {"mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": "4Gi", "volumeName": "shm"}
        ]


def test_every_task_gets_the_settings_of_the_release(kubernetes, containers):
    assert set(kubernetes) == set(containers)
    for name, facts in kubernetes.items():
        secrets = {s["secretName"]: s["optional"] for s in facts["secretAsEnv"]}
        own = {"mlpipeline-minio-artifact": True} if name == "settle" else {}
        assert secrets == {"efface": False, "efface-storage": True, **own}
        maps = {m["configMapName"]: m["optional"] for m in facts["configMapAsEnv"]}
        assert maps == {"efface-settings": True}
        (policy,) = facts["configMapAsVolume"]
        assert (policy["configMapName"], policy["optional"]) == ("efface-policy", True)
        assert policy["mountPath"] == "/etc/efface/policy"


def test_every_variable_that_a_task_gets_from_the_release_is_known(kubernetes):
    facts = kubernetes["unlearn"]
    given = [*facts["secretAsEnv"], *facts["configMapAsEnv"]]
    assert {pair["envVar"]: pair.get("secretKey", pair.get("configMapKey"))
            for one in given for pair in one["keyToEnv"]} == {
        "EFFACE_SUBJECT_KEY": "subject-key",
        "AWS_ACCESS_KEY_ID": "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL": "AWS_ENDPOINT_URL",
        "AWS_REGION": "AWS_REGION",
        "AWS_DEFAULT_REGION": "AWS_REGION",
        "EFFACE_REGISTRY": "EFFACE_REGISTRY",
        "EFFACE_PUSHGATEWAY": "EFFACE_PUSHGATEWAY",
    }  # fmt: skip


def test_settle_alone_can_delete_where_kubeflow_keeps_artifacts(kubernetes):
    told = {name: str(facts).count("EFFACE_ARTIFACTS_") for name, facts in kubernetes.items()}
    assert [name for name, count in told.items() if count] == ["settle"]


def test_the_policy_is_read_from_the_release_unless_another_is_given(kubernetes, defaults):
    (mount,) = kubernetes["gate"]["configMapAsVolume"]
    assert defaults["policy"] == f"{mount['mountPath']}/policy.yaml"


def test_no_task_runs_for_ever(kubernetes):
    limits = {name: int(facts["activeDeadlineSeconds"]) for name, facts in kubernetes.items()}
    assert limits == {step: hours * 3600 for step, hours in HOURS.items()}


def test_every_task_is_tried_again_when_its_pod_is_lost(documents):
    for tasks, _ in groups(documents):
        for task in tasks.values():
            if "cachingOptions" in task:
                assert task["retryPolicy"]["maxRetryCount"] == 2


def test_a_last_attempt_has_all_the_time_of_a_first(documents, kubernetes):
    longest = max(int(facts["activeDeadlineSeconds"]) for facts in kubernetes.values())
    for tasks, _ in groups(documents):
        for policy in [task["retryPolicy"] for task in tasks.values() if "retryPolicy" in task]:
            whole = (policy["maxRetryCount"] + 1) * longest
            assert int(policy["backoffMaxDuration"].removesuffix("s")) > whole


def test_images_that_are_on_the_node_are_not_pulled(kubernetes):
    assert {facts["imagePullPolicy"] for facts in kubernetes.values()} == {"IfNotPresent"}


def test_few_parts_are_scored_at_the_same_time(documents):
    loops = [t for tasks, _ in groups(documents) for t in tasks.values() if "iteratorPolicy" in t]
    assert [loop["iteratorPolicy"]["parallelismLimit"] for loop in loops] == [4]
