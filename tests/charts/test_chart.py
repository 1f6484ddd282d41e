"""The whole chart: linted, rendered, and held against the schemas of Kubernetes 1.34."""

import kubernetes_validate
import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from efface import __version__
from tests.charts.rendering import CHART, VALUES, named, objects, pod_of, run, settings, text

STYLE = YamlLintConfig(
    "{extends: default, rules: {line-length: disable, document-start: disable,"
    " indentation: {indent-sequences: consistent}}}"
)
KUBERNETES = "1.34"
EXTENSIONS = ("external-secrets.io/", "kueue.x-k8s.io/", "monitoring.coreos.com/")
"""Groups that Kubernetes itself knows nothing of."""
every_way = pytest.mark.parametrize("values", VALUES)


@every_way
def test_helm_finds_nothing_to_complain_about(values):
    done = run("lint", "--strict", str(CHART), *VALUES[values])
    assert done.returncode == 0, done.stdout + done.stderr


@every_way
def test_every_object_satisfies_the_schema_of_kubernetes(values):
    for one in objects(*VALUES[values]):
        if not one["apiVersion"].startswith(EXTENSIONS):
            kubernetes_validate.validate(one, KUBERNETES, strict=True)


@every_way
def test_what_is_rendered_is_tidy_yaml(values):
    found = linter.run(text(*VALUES[values]), STYLE)
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize(
    "file",
    ["Chart.yaml", "values.yaml", *(f"ci/{v}-values.yaml" for v in VALUES if v != "default")],
)
def test_the_files_are_tidy_yaml(file):
    assert [str(problem) for problem in linter.run((CHART / file).read_text(), STYLE)] == []


@every_way
def test_every_object_says_what_it_belongs_to(values):
    for one in objects(*VALUES[values]):
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "efface"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"


def test_objects_lie_in_the_namespace_of_the_release_or_of_the_pods():
    found = {one["metadata"]["namespace"] for one in objects(*VALUES["everything"])}
    assert found == {"efface", "team"}


def test_no_two_objects_have_the_same_name():
    names = [
        (o["kind"], o["metadata"]["namespace"], o["metadata"]["name"])
        for o in objects(*VALUES["everything"])
    ]
    assert len(set(names)) == len(names)


def test_an_installation_without_values_starts_no_pod():
    assert {one["kind"] for one in objects()} == {"Secret", "ConfigMap", "Role", "RoleBinding"}


def test_minimal_values_leave_only_the_settings():
    names = [one["metadata"]["name"] for one in objects(*VALUES["minimal"])]
    assert names == ["efface-settings"]


def test_nothing_reaches_beyond_its_namespace():
    kinds = {one["kind"] for one in objects(*VALUES["everything"])}
    assert {kind for kind in kinds if kind.startswith("Cluster")} == set()


def test_the_images_are_those_of_this_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__


def test_images_can_be_pinned_by_their_digest():
    digest = f"sha256:{'0' * 64}"
    given = settings(f"image.coreDigest={digest}")
    job = named("Job", "efface-schedule", *VALUES["everything"], *given)
    (container,) = pod_of(job)["containers"]
    assert container["image"] == f"registry.example.org/ml/efface-core:0.1.0@{digest}"
    assert f"--core-image={container['image']}" in container["command"]


def test_a_long_release_name_still_gives_valid_names():
    done = run("template", "e" * 53, str(CHART), *settings("mlflow.enabled=true"))
    names = [one["metadata"]["name"] for one in yaml.safe_load_all(done.stdout) if one]
    assert max(map(len, names)) <= 63


def test_common_labels_reach_the_pods_too():
    job = named("Job", "efface-schedule", *VALUES["everything"])
    assert job["spec"]["template"]["metadata"]["labels"]["cost-centre"] == "privacy"
