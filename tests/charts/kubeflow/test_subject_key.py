"""The key that subject ids are hashed with: made once, and never changed or lost."""

import base64

import pytest
import yaml

from tests.charts.api_server import Cluster, serving
from tests.charts.rendering import CHART, VALUES, named, of_kind, run, settings

KEY = base64.b64encode(b"a key that was made long ago").decode()


def secret(release: str = "efface", namespace: str = "efface", **data: str) -> dict:
    """A Secret in the cluster, made by a release of this chart."""
    owner = {"release-name": release, "release-namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "efface",
            "namespace": "kubeflow",
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {f"meta.helm.sh/{word}": name for word, name in owner.items()},
        },
        "data": data,
    }


def rendered(folder, found: dict | None):
    """What Helm answers in a cluster that holds this Secret."""
    cluster = Cluster(found) if found else Cluster()
    with serving(folder, cluster) as kubeconfig:
        place = ("--namespace", "efface", "--kubeconfig", kubeconfig)
        return run("template", "efface", str(CHART), "--dry-run=server", *place)


def secrets_in(done) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "Secret"]


def test_a_first_installation_makes_a_key_that_nobody_can_guess(tmp_path):
    (first,) = secrets_in(rendered(tmp_path, None))
    (second,) = secrets_in(rendered(tmp_path, None))
    assert len(base64.b64decode(first["data"]["subject-key"])) == 64
    assert first["data"] != second["data"]


def test_an_upgrade_keeps_the_key(tmp_path):
    (kept,) = secrets_in(rendered(tmp_path, secret(**{"subject-key": KEY})))
    assert kept["data"] == {"subject-key": KEY}


@pytest.mark.parametrize("owner", [("other", "efface"), ("efface", "elsewhere"), ("", "")])
def test_a_key_of_somebody_else_is_left_alone(tmp_path, owner):
    assert secrets_in(rendered(tmp_path, secret(*owner, **{"subject-key": KEY}))) == []


def test_a_secret_without_the_key_is_refused(tmp_path):
    done = rendered(tmp_path, secret(subject_key=KEY))
    assert done.returncode != 0
    assert "Secret efface in namespace kubeflow has no key subject-key: add it" in done.stderr


def test_the_secret_outlives_the_release_and_cannot_be_overwritten():
    found = named("Secret", "efface")
    assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert found["immutable"] is True


def test_the_secret_lies_where_the_pods_are():
    found = named("Secret", "efface", *settings("kubeflow.namespace=team"))
    assert found["metadata"]["namespace"] == "team"


@pytest.mark.parametrize("values", ["minimal", "everything"])
def test_no_key_is_made_when_it_comes_from_elsewhere(values):
    assert of_kind("Secret", *VALUES[values]) == []
