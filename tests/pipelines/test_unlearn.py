"""The compiled unlearn graph, as it is in git."""

import pytest
import yaml

from pipelines.compile import COMPILED, stale


@pytest.fixture(scope="module")
def documents():
    return list(yaml.safe_load_all((COMPILED / "unlearn.yaml").read_text()))


def dags(documents):
    graph = documents[0]
    return [c["dag"] for c in [graph["root"], *graph["components"].values()] if "dag" in c]


def tasks(documents):
    """Name -> specification of every task that runs a component of ours."""
    executors = {n for n, c in documents[0]["components"].items() if "executorLabel" in c}
    every = [item for dag in dags(documents) for item in dag["tasks"].items()]
    return {name: task for name, task in every if task["componentRef"]["name"] in executors}


def test_what_is_in_git_is_what_the_code_compiles_to():
    assert stale() == []


def test_the_graph_has_every_step(documents):
    assert set(tasks(documents)) == {
        "intake",
        "shard",
        "unlearn",
        "evaluate",
        "merge",
        "audit",
        "gate",
        "explain",
        "register",
        "refuse",
        "settle",
        "idle",
    }


def test_no_task_is_cached(documents):
    cached = [n for n, t in tasks(documents).items() if t["cachingOptions"].get("enableCache")]
    assert cached == []


def test_every_condition_has_its_opposite(documents):
    for dag in dags(documents):
        conditions = [
            " ".join(task["triggerPolicy"]["condition"].split())
            for task in dag["tasks"].values()
            if "condition" in task.get("triggerPolicy", {})
        ]
        plain = {c for c in conditions if not c.startswith("!(")}
        assert {f"!({c})" for c in plain} == set(conditions) - plain


def test_settle_runs_whatever_happened_and_waits_for_everything(documents):
    settle = documents[0]["root"]["dag"]["tasks"]["settle"]
    assert settle["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    others = set(documents[0]["root"]["dag"]["tasks"]) - {"settle"}
    assert set(settle["dependentTasks"]) == others


def test_settle_needs_nothing_that_kubeflow_computes_of_other_tasks(documents):
    settle = documents[0]["root"]["dag"]["tasks"]["settle"]
    sources = {key for source in settle["inputs"]["parameters"].values() for key in source}
    assert sources <= {"componentInputParameter", "runtimeValue"}


def test_every_task_has_a_name_for_people(documents):
    assert all(task["taskInfo"]["name"] != name for name, task in tasks(documents).items())


@pytest.mark.parametrize(
    ("task", "artifact", "kind"),
    [
        ("intake", "numbers", "system.Metrics"),
        ("unlearn", "training", "system.Metrics"),
        ("merge", "scores", "system.Metrics"),
        ("gate", "numbers", "system.Metrics"),
        ("gate", "summary", "system.Markdown"),
        ("explain", "page", "system.HTML"),
        ("idle", "note", "system.Markdown"),
    ],
)
def test_the_user_interface_has_something_to_show(documents, task, artifact, kind):
    written = documents[0]["components"][f"comp-{task}"]["outputDefinitions"]["artifacts"]
    assert written[artifact]["artifactType"]["schemaTitle"] == kind


def test_register_needs_the_page_and_the_verdict(documents):
    given = tasks(documents)["register"]["inputs"]["artifacts"]
    assert {"page", "verdict", "report", "after"} <= set(given)


def test_ids_of_people_do_not_travel_as_parameters(documents):
    names = {
        p for t in tasks(documents).values() for p in t.get("inputs", {}).get("parameters", {})
    }
    assert not {n for n in names if "subject" in n or "sample" in n}
