"""The names that pipelines/placement.py puts into the pods are those of the chart."""

import yaml

from tests.charts.rendering import CHART, VALUES, objects, settings

COMPILED = CHART.parents[1] / "pipelines" / "compiled" / "unlearn.yaml"


def names_read_by_pods(key: str) -> set[str]:
    """Values of this key anywhere in the compiled pipeline."""
    return set(_found(list(yaml.load_all(COMPILED.read_text(), Loader=yaml.CSafeLoader)), key))


def _found(node, key):
    if isinstance(node, dict):
        if isinstance(name := node.get(key), str):
            yield name
        for inner in node.values():
            yield from _found(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from _found(inner, key)


def made(kind: str, *arguments: str) -> set[str]:
    return {o["metadata"]["name"] for o in objects(*arguments) if o["kind"] == kind}


def test_the_secrets_that_pods_read_are_those_of_the_chart():
    read = names_read_by_pods("secretName") - {"mlpipeline-minio-artifact"}  # Kubeflow's own
    assert "efface" in read
    assert read <= made("ExternalSecret", *VALUES["everything"])


def test_the_maps_that_pods_read_are_those_of_the_chart():
    read = names_read_by_pods("configMapName")
    assert read <= made("ConfigMap", *VALUES["everything"], *settings("kubeflow.namespace=efface"))
