"""What values.schema.json refuses, as Helm applies it."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tests.charts.rendering import CHART, refusal, run, settings

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and every schema in it."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from parts(inner)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_object_says_which_keys_it_may_have():
    listed = [
        part for part in parts(SCHEMA) if "properties" in part and part.get("type") == "object"
    ]
    assert listed
    assert [part for part in listed if part["additionalProperties"] is not False] == []


def test_the_defaults_satisfy_the_schema():
    jsonschema.validate(DEFAULTS, SCHEMA)


WRONG = {
    "schedul.enabled=true": "at '': additional properties 'schedul' not allowed",
    "kubeflow.namspace=a": "at '/kubeflow': additional properties 'namspace' not allowed",
    "mlflow.persistence.sise=1Gi": "at '/mlflow/persistence': additional properties 'sise'",
    "mlflow.resources.cpu=1": "at '/mlflow/resources': additional properties 'cpu'",
    "mlflow.enabled=yes": "at '/mlflow/enabled': got string, want boolean",
    "schedule.activeDeadlineSeconds=soon": "at '/schedule/activeDeadlineSeconds': got string",
    "image.pullPolicy=never": "at '/image/pullPolicy': value must be one of 'Always'",
    "subjectKey.source=guess": "at '/subjectKey/source': value must be one of 'generate'",
    "monitoring.rules=on": "at '/monitoring/rules': value must be one of 'auto'",
    "kubeflow.namespace=Team_A": "at '/kubeflow/namespace': 'Team_A' does not match",
    "kubeflow.serviceAccount=": "at '/kubeflow/serviceAccount': '' does not match",
    "kubeflow.host=ml-pipeline:8888": "at '/kubeflow/host': 'ml-pipeline:8888' does not match",
    "registry=mlflow.example.org": "at '/registry': 'mlflow.example.org' does not match",
    "storage.endpointUrl=minio:9000": "at '/storage/endpointUrl': 'minio:9000' does not match",
    "schedule.cron=0 2 * * *": "at '/schedule/cron': '0 2 * * *' does not match",
    "mlflow.persistence.size=lots": "at '/mlflow/persistence/size': 'lots' does not match",
    "image.coreDigest=sha256:1": "at '/image/coreDigest': 'sha256:1' does not match",
    "image.registry=https://registry.example.org/ml": "at '/image/registry': 'https://",
    "image.tag=a b": "at '/image/tag': 'a b' does not match",
    "networkPolicy.kubeflowPorts={70000}": "at '/networkPolicy/kubeflowPorts/0': maximum",
}
"""What is given -> what Helm has to say about it."""


@pytest.fixture(scope="module")
def said():
    """Helm names all that is wrong at once."""
    return refusal(*settings(*WRONG))


@pytest.mark.parametrize("pair", WRONG)
def test_wrong_values_are_refused_by_name(said, pair):
    assert WRONG[pair] in said


def test_a_parent_chart_may_set_its_globals():
    done = run("template", "x", str(CHART), *settings("global.region=eu"))
    assert done.returncode == 0, done.stderr
