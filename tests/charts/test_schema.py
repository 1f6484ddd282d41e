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


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("schedul.enabled=true", "additional properties 'schedul' not allowed"),
        ("kubeflow.namspace=a", "additional properties 'namspace' not allowed"),
        ("mlflow.persistence.sise=1Gi", "additional properties 'sise' not allowed"),
        ("mlflow.enabled=yes", "got string, want boolean"),
        ("image.pullPolicy=never", "value must be one of 'Always', 'IfNotPresent', 'Never'"),
        ("subjectKey.source=guess", "value must be one of 'generate', 'existing', 'external'"),
        ("kubeflow.namespace=Team_A", "does not match pattern"),
        ("kubeflow.namespace=", "does not match pattern"),
        ("kubeflow.host=ml-pipeline:8888", "does not match pattern"),
        ("registry=mlflow.example.org", "does not match pattern"),
        ("storage.endpointUrl=minio:9000", "does not match pattern"),
        ("schedule.cron=0 2 * * *", "does not match pattern"),
        ("schedule.activeDeadlineSeconds=soon", "got string, want integer"),
        ("networkPolicy.kubeflowPorts={70000}", "maximum"),
        ("monitoring.rules=on", "value must be one of 'auto', 'always', 'never'"),
        ("mlflow.resources.cpu=1", "additional properties 'cpu' not allowed"),
        ("mlflow.persistence.size=lots", "does not match pattern"),
    ],
)
def test_wrong_values_are_refused_by_name(pair, said):
    assert said in refusal(*settings(pair))


def test_a_parent_chart_may_set_its_globals():
    done = run("template", "x", str(CHART), *settings("global.region=eu"))
    assert done.returncode == 0, done.stderr
