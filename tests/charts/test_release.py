"""Installed, upgraded, rolled back and uninstalled by a real Helm, on an API in memory."""

import pytest

from tests.charts.api_server import Cluster, serving
from tests.charts.rendering import CHART, run, settings
from tests.charts.schedule.test_job import PLACES

EVERYTHING = PLACES + settings("mlflow.enabled=true", "pushgateway.enabled=true")
KEY = ("Secret", "kubeflow", "efface")
MODELS = ("PersistentVolumeClaim", "efface", "efface-mlflow")
SCHEDULE = "/apis/batch/v1/namespaces/efface/jobs/efface-schedule"
UNSCHEDULE = "/apis/batch/v1/namespaces/efface/jobs/efface-unschedule"


class Release:
    """Helm, and the cluster that it works on."""

    def __init__(self, cluster: Cluster, kubeconfig: str) -> None:
        self.cluster = cluster
        self._place = ("--namespace", "efface", "--kubeconfig", kubeconfig)

    def helm(self, verb: str, *arguments: str) -> None:
        done = run(verb, "efface", *arguments, *self._place)
        assert done.returncode == 0, done.stderr

    def key(self) -> str:
        found = self.cluster.objects["/api/v1/namespaces/kubeflow/secrets/efface"]
        return str(found["data"]["subject-key"])


@pytest.fixture
def release(tmp_path):
    """An installation with all that the chart can run."""
    cluster = Cluster()
    with serving(tmp_path, cluster) as kubeconfig:
        made = Release(cluster, kubeconfig)
        made.helm("install", str(CHART), *EVERYTHING)
        yield made


def test_an_installation_leaves_no_job_behind(release):
    assert "Job" not in {kind for kind, _, _ in release.cluster.names()}
    assert release.cluster.gone == [SCHEDULE]


def test_an_upgrade_changes_neither_key_nor_objects(release):
    before, key = release.cluster.names(), release.key()
    release.helm("upgrade", str(CHART), "--reuse-values")
    assert release.cluster.names() == before
    assert release.key() == key
    assert release.cluster.gone == [SCHEDULE, SCHEDULE]


def test_an_upgrade_deletes_what_is_switched_off_but_no_model(release):
    release.helm("upgrade", str(CHART), *settings("trainer.rbac=false"))
    assert release.cluster.names() == {KEY, MODELS, ("ConfigMap", "kubeflow", "efface-settings")}


def test_a_rollback_keeps_the_key_and_schedules_the_old_version_again(release):
    key = release.key()
    release.helm("upgrade", str(CHART), "--reuse-values", *settings("image.tag=0.2.0"))
    release.helm("rollback", "1")
    assert release.key() == key
    assert release.cluster.gone == [SCHEDULE] * 3


def test_an_uninstallation_leaves_the_key_and_the_models(release):
    release.helm("uninstall")
    assert release.cluster.names() == {KEY, MODELS}


def test_an_uninstallation_deletes_the_recurring_run_before_its_settings(release):
    release.helm("uninstall")
    gone = release.cluster.gone
    settings_map = "/api/v1/namespaces/kubeflow/configmaps/efface-settings"
    assert gone.index(UNSCHEDULE) < gone.index(settings_map)


def test_a_second_installation_takes_key_and_models_up_again(release):
    key = release.key()
    release.helm("uninstall")
    release.helm("install", str(CHART), *EVERYTHING)
    assert release.key() == key
