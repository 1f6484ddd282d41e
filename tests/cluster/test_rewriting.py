"""The compiled graph with other choices and defaults."""

from dataclasses import asdict

import pytest

from efface.cluster.choices import HOURS, Choices
from efface.cluster.graph import find_compiled, read_graph, version_name
from efface.cluster.rewriting import CHANGES, with_choices, with_defaults
from efface.cluster.trainjob import QUEUE
from efface.errors import ConfigError, InputError
from tests.cluster.given import COMPILED

ON_GPU = {"audit", "shard", "unlearn", "evaluate"}


@pytest.fixture(scope="module")
def graph():
    return read_graph(find_compiled())


def pods(graph):
    executors = graph.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): facts for name, facts in executors.items()}


def policies(graph, kind):
    return [task[kind] for _, task in graph.tasks if kind in task]


def test_every_choice_can_be_changed():
    assert set(CHANGES) == set(Choices.__dataclass_fields__)


def test_the_graph_is_compiled_with_the_usual_choices(graph):
    assert with_choices(graph, **{**asdict(Choices()), "hours": HOURS}) == graph


def test_what_is_not_asked_for_stays_as_it_was_compiled(graph):
    chosen = {"queue": "night", "pull_secret": "r", "retries": 5, "hours": {"unlearn": 72}}
    compiled = with_choices(graph, **chosen)
    both = with_choices(graph, **chosen, pull_policy="Never")
    assert with_choices(compiled, pull_policy="Never") == both
    found = pods(with_choices(compiled, hours={"shard": 2}))
    seconds = {step: found[step]["activeDeadlineSeconds"] for step in ("unlearn", "shard")}
    assert seconds == {"unlearn": "259200", "shard": "7200"}


def test_a_pod_that_asks_nothing_of_kubernetes_gets_the_pull_policy_too():
    graph = read_graph(COMPILED)
    changed = with_choices(graph, pull_policy="Always")
    found = {name: pod["imagePullPolicy"] for name, pod in pods(changed).items()}
    assert found == dict.fromkeys(graph.titles, "Always")
    assert pods(changed)["unlearn"]["tolerations"]
    assert version_name(changed) != version_name(graph)


def test_a_wrong_choice_is_refused(graph):
    with pytest.raises(ConfigError, match="use one of Always, IfNotPresent"):
        with_choices(graph, pull_policy="Maybe")


def test_another_release_renames_every_secret_and_config_map(graph):
    for pod in pods(with_choices(graph, release="blue")).values():
        sources = [*pod["secretAsEnv"], *pod["configMapAsEnv"], *pod["configMapAsVolume"]]
        names = [source.get("secretName") or source["configMapName"] for source in sources]
        of_release = set(names) - {"mlpipeline-minio-artifact"}  # Kubeflow's own
        assert of_release == {"blue", "blue-storage", "blue-settings", "blue-policy"}
        assert "efface" not in str([s.get("secretNameParameter") for s in sources])
        assert "efface" not in str([s.get("configMapNameParameter") for s in sources])


def test_a_queue_holds_the_tasks_on_gpu_nodes_alone(graph):
    found = pods(with_choices(graph, queue="night"))
    queues = {name: pod["podMetadata"]["labels"].get(QUEUE) for name, pod in found.items()}
    assert queues == {name: "night" if name in ON_GPU else None for name in found}


@pytest.mark.parametrize(
    ("choices", "field", "value"),
    [
        pytest.param({"pull_policy": "Never"}, "imagePullPolicy", "Never", id="pull policy"),
        pytest.param({"hours": {"unlearn": 72}}, "activeDeadlineSeconds", "259200", id="time"),
    ],
)
def test_a_choice_reaches_the_pod(graph, choices, field, value):
    assert pods(with_choices(graph, **choices))["unlearn"][field] == value


def test_shared_memory_has_the_chosen_size(graph):
    (mount,) = pods(with_choices(graph, shared_memory="64Gi"))["unlearn"]["emptyDirMounts"]
    assert mount["sizeLimit"] == "64Gi"


def test_a_private_registry_gets_its_credentials(graph):
    for pod in pods(with_choices(graph, pull_secret="registry")).values():
        assert [secret["secretName"] for secret in pod["imagePullSecret"]] == ["registry"]


@pytest.mark.parametrize(
    ("kind", "choices", "numbers"),
    [
        pytest.param("retryPolicy", {"retries": 5}, {5}, id="more attempts"),
        pytest.param("retryPolicy", {"retries": 0}, set(), id="one attempt"),
        pytest.param("iteratorPolicy", {"parallel": 9}, {9}, id="nine at once"),
        pytest.param("iteratorPolicy", {"parallel": 0}, set(), id="all at once"),
    ],
)
def test_attempts_and_tasks_at_once_are_chosen(graph, kind, choices, numbers):
    found = policies(with_choices(graph, **choices), kind)
    fields = ("maxRetryCount", "parallelismLimit")
    assert {policy[field] for policy in found for field in fields if field in policy} == numbers


def test_a_parameter_with_a_default_need_not_be_given(graph):
    made = with_defaults(graph, {"tickets": "s3://b/t", "gpus": "0"}).parameters
    assert made["tickets"] == {
        **graph.parameters["tickets"],
        "defaultValue": "s3://b/t",
        "isOptional": True,
    }
    assert made["gpus"]["defaultValue"] == "0"


def test_the_graph_that_was_given_stays_as_it_was(graph):
    before = str(graph)
    with_defaults(with_choices(graph, queue="q", retries=0), {"gpus": "0"})
    assert str(graph) == before


def test_an_unknown_parameter_is_refused_with_those_that_exist(graph):
    with pytest.raises(InputError, match="unknown: gpu.*the graph takes .*gpus"):
        with_defaults(graph, {"gpu": "0"})
