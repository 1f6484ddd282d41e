"""The end of a run ends a TrainJob that its launcher could not delete."""

import pytest
from kubernetes.client import ApiClient, Configuration

from efface.cluster import removal, trainjob
from efface.cluster.trainjob_api import TrainJobs
from efface.errors import InfrastructureError
from efface.evidence.purge import will_write
from efface.steps import settle
from tests.cluster.fake_trainer import serving
from tests.given import KEY

NAME = trainjob.name_of("run-1")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Settle a run that has sent a job to several nodes."""
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", KEY)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr(removal, "EVERY", 0.01)
    (tmp_path / "tickets").mkdir()
    place = {"run_id": "run-1", "workspace": str(tmp_path / "workspace")}
    will_write(place["workspace"], "run-1", f"{place['workspace']}/run-1/exchange")

    def with_server(fake):
        settings = Configuration()
        settings.host = fake.url
        settings.retries = False
        jobs = TrainJobs(ApiClient(settings), "kubeflow")
        monkeypatch.setattr(removal, "trainjobs_here", lambda: jobs)
        return settle.run(tickets=str(tmp_path / "tickets"), **place)

    return with_server


def test_a_trainjob_that_is_left_over_is_deleted_before_copies_are(run):
    with serving(jobs={NAME: {"metadata": {"name": NAME}}}) as fake:
        run(fake)
        assert (fake.deleted, fake.jobs) == (1, {})


def test_where_none_is_left_over_nothing_is_deleted(run):
    with serving() as fake:
        run(fake)
        assert fake.deleted == 0


def test_one_whose_pods_do_not_end_fails_the_settlement(run, monkeypatch):
    monkeypatch.setattr(removal, "LEAVING", 0.05)
    monkeypatch.setattr(TrainJobs, "delete", lambda self, name: None)
    told = pytest.raises(InfrastructureError, match="settle again when they are gone")
    with serving(jobs={NAME: {"metadata": {"name": NAME}}}) as fake, told:
        run(fake)


def test_an_api_server_that_does_not_answer_is_told(run):
    with serving(unwell=1) as fake, pytest.raises(InfrastructureError, match="etcd is down"):
        run(fake)
