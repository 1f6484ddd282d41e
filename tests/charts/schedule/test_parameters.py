"""What the recurring run gives to the pipeline."""

import pytest
import yaml

from tests.charts.rendering import CHART, VALUES, named, pod_of, refusal, settings
from tests.charts.schedule.test_job import PLACES

COMPILED = CHART.parents[1] / "pipelines" / "compiled" / "unlearn.yaml"


def parameters(*arguments):
    return yaml.safe_load(named("ConfigMap", "efface-schedule", *arguments)["data"]["params.yaml"])


def test_parameters_arrive_with_their_types():
    found = parameters(*VALUES["everything"])
    assert found["method"] == {"name": "i2i", "steps": 400}
    assert found["tickets"] == "s3://efface/tickets"


def test_policy_and_registry_are_those_of_the_chart():
    found = parameters(*VALUES["everything"])
    assert found["policy"] == "/etc/efface/policy/policy.yaml"
    assert found["registry"] == "http://efface-mlflow.efface.svc:5000"


def test_parameters_win_over_what_the_chart_knows():
    own = settings("schedule.parameters.registry=https://other.example.org")
    assert parameters(*VALUES["everything"], *own)["registry"] == "https://other.example.org"


def test_every_parameter_is_one_of_the_pipeline():
    pipeline = next(iter(yaml.load_all(COMPILED.read_text(), Loader=yaml.CSafeLoader)))
    known = pipeline["root"]["inputDefinitions"]["parameters"]
    assert parameters(*VALUES["everything"]).keys() <= known.keys()
    needed = {name for name, one in known.items() if not one.get("isOptional")}
    assert needed <= parameters(*VALUES["everything"]).keys()


@pytest.mark.parametrize("name", ["tickets", "dataset", "model", "name", "workspace"])
def test_a_missing_place_is_named(name):
    said = refusal(*PLACES, *settings(f"schedule.parameters.{name}="))
    assert f"schedule.enabled needs schedule.parameters.{name}" in said


@pytest.mark.parametrize("name", ["gpus", "cpu", "memory", "gpu_cpu", "gpu_memory"])
def test_a_number_that_has_to_be_a_text_is_refused_before_anything_is_applied(name):
    said = refusal(*PLACES, *settings(f"schedule.parameters.{name}=0"))
    assert f'schedule.parameters.{name} is a text: write "0"' in said
    text = ("--set-string", f"schedule.parameters.{name}=0")
    assert parameters(*PLACES, *text)[name] == "0"


def test_a_missing_policy_is_named():
    assert "give --set-file policy=FILE" in refusal(*PLACES, *settings("policy="))


def test_a_missing_registry_is_named():
    assert "set registry to its address, or mlflow.enabled" in refusal(
        *PLACES, *settings("registry=")
    )


def test_a_graph_of_ones_own_is_uploaded_in_place_of_the_usual_one():
    own = ("--set-file", f"schedule.graph={COMPILED}")
    given = named("ConfigMap", "efface-schedule", *PLACES, *own)["data"]
    assert given["graph.yaml"].strip() == COMPILED.read_text().strip()
    (container,) = pod_of(named("Job", "efface-schedule", *PLACES, *own))["containers"]
    assert "--pipeline=/etc/efface/run/graph.yaml" in container["command"]
