"""The compiled graph with other choices and defaults."""

import pytest

from efface.cluster.choices import Choices
from efface.cluster.graph import compiled_graph, parameters_of, read_documents
from efface.cluster.rewriting import QUEUE_LABEL, with_choices, with_defaults
from efface.errors import InputError

ON_GPU = {"audit", "shard", "unlearn", "evaluate"}


@pytest.fixture(scope="module")
def documents():
    return read_documents(compiled_graph())


def pods(documents):
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): facts for name, facts in executors.items()}


def policies(documents, kind):
    graph = documents[0]
    dags = [c["dag"] for c in [graph["root"], *graph["components"].values()] if "dag" in c]
    return [t[kind] for dag in dags for t in dag["tasks"].values() if kind in t]


def test_the_graph_is_compiled_with_the_usual_choices(documents):
    assert with_choices(documents, Choices()) == documents


def test_another_release_renames_every_secret_and_config_map(documents):
    for pod in pods(with_choices(documents, Choices(release="blue"))).values():
        sources = [*pod["secretAsEnv"], *pod["configMapAsEnv"], *pod["configMapAsVolume"]]
        names = [source.get("secretName") or source["configMapName"] for source in sources]
        assert set(names) == {"blue", "blue-storage", "blue-settings", "blue-policy"}
        assert "efface" not in str([s.get("secretNameParameter") for s in sources])
        assert "efface" not in str([s.get("configMapNameParameter") for s in sources])


def test_a_queue_holds_the_tasks_on_gpu_nodes_alone(documents):
    found = pods(with_choices(documents, Choices(queue="night")))
    queues = {name: pod["podMetadata"]["labels"].get(QUEUE_LABEL) for name, pod in found.items()}
    assert queues == {name: "night" if name in ON_GPU else None for name in found}


@pytest.mark.parametrize(
    ("choices", "field", "value"),
    [
        pytest.param({"pull_policy": "Never"}, "imagePullPolicy", "Never", id="pull policy"),
        pytest.param({"hours": {"unlearn": 72}}, "activeDeadlineSeconds", "259200", id="time"),
    ],
)
def test_a_choice_reaches_the_pod(documents, choices, field, value):
    assert pods(with_choices(documents, Choices(**choices)))["unlearn"][field] == value


def test_shared_memory_has_the_chosen_size(documents):
    (mount,) = pods(with_choices(documents, Choices(shared_memory="64Gi")))["unlearn"][
        "emptyDirMounts"
    ]
    assert mount["sizeLimit"] == "64Gi"


def test_a_private_registry_gets_its_credentials(documents):
    for pod in pods(with_choices(documents, Choices(pull_secret="registry"))).values():
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
def test_attempts_and_tasks_at_once_are_chosen(documents, kind, choices, numbers):
    found = policies(with_choices(documents, Choices(**choices)), kind)
    fields = ("maxRetryCount", "parallelismLimit")
    assert {policy[field] for policy in found for field in fields if field in policy} == numbers


def test_a_parameter_with_a_default_need_not_be_given(documents):
    made = parameters_of(with_defaults(documents, {"tickets": "s3://b/t", "gpus": "0"}))
    assert made["tickets"] == {
        **parameters_of(documents)["tickets"],
        "defaultValue": "s3://b/t",
        "isOptional": True,
    }
    assert made["gpus"]["defaultValue"] == "0"


def test_the_graph_that_was_given_stays_as_it_was(documents):
    before = str(documents)
    with_defaults(with_choices(documents, Choices(queue="q", retries=0)), {"gpus": "0"})
    assert str(documents) == before


def test_an_unknown_parameter_is_refused_with_those_that_exist(documents):
    with pytest.raises(InputError, match="'gpu' unknown: the graph takes .*gpus"):
        with_defaults(documents, {"gpu": "0"})
