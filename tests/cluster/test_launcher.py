"""The launcher against a server that speaks the API of Kubernetes and Kubeflow Trainer."""

import logging
import signal
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, Configuration

from efface.cluster import launcher, trainjob
from efface.cluster.launcher import Launcher, train_on_nodes
from efface.cluster.trainjob_api import TrainJobs
from efface.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    InfrastructureError,
    InputError,
    PreemptedError,
    TrainingError,
)
from efface.models.checkpoint import fingerprint, load_model, save_model
from efface.storage import open_store
from efface.training.answers import write_failure, write_outcome
from efface.training.group import PeerLostError
from efface.training.job import Job, train
from efface.training.loop import Outcome
from efface.training.settings import read_settings
from efface.training.spread import Spread
from tests.cluster.fake_trainer import serving
from tests.steps.unlearn_run import QUICK, write_unlearn_run
from tests.tiny import tiny_mae

NAME = trainjob.name_of("run-1")
OUTCOME = Outcome(steps=4, resumed_from=0, stopped_early=False, retain_loss=0.1, forget_loss=0.2)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(launcher, "EVERY", 0.02)


@pytest.fixture
def job(tmp_path):
    given = write_unlearn_run(tmp_path)
    save_model(load_model(tmp_path / "model"), given["before"], {})
    return Job(
        sets=str(given["sets"]),
        policy=given["policy"],
        before=str(given["before"]),
        after=str(given["after"]),
        state=str(tmp_path / "workspace" / "run-1"),
        settings=read_settings({**QUICK, "steps": 12, "batch_size": 5}),
        lineage={"base": "b"},
    )


def launch(fake, job, **spread):
    settings = Configuration()
    settings.host = fake.url
    settings.retries = False
    jobs = TrainJobs(ApiClient(settings), "kubeflow")
    return Launcher(jobs, Spread(nodes=2, **spread), "run-1", "launcher").train(job)


def exchange_of(job):
    return open_store(f"{job.state}/exchange")


def leave_model(job):
    def write(exchange):
        save_model(tiny_mae(seed=5), Path(job.state) / "exchange" / "after", {})
        write_outcome(exchange, OUTCOME)

    return write


def when_created(fake, job, write, condition):
    fake.ends = ""

    def work():
        while NAME not in fake.jobs:
            time.sleep(0.01)
        write(exchange_of(job))
        fake.finish(NAME, condition, "as the test wants")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()


def test_a_trainjob_that_completes_gives_its_model_and_is_gone(job, tmp_path):
    with serving() as fake:
        when_created(fake, job, leave_model(job), "Complete")
        assert launch(fake, job) == OUTCOME
        assert fingerprint(tmp_path / "after") == fingerprint(
            tmp_path / "workspace/run-1/exchange/after"
        )
        assert (fake.created, fake.deleted, fake.jobs) == (1, 1, {})


def test_what_a_node_refused_is_what_the_launcher_raises(job):
    with serving() as fake:
        error = DataError("the image s-1 is damaged")
        when_created(fake, job, lambda place: write_failure(place, 1, error), "Failed")
        with pytest.raises(DataError, match="the image s-1 is damaged"):
            launch(fake, job)
        assert fake.jobs == {}


@pytest.mark.parametrize("error", [DataError("s-1 is damaged"), TrainingError("loss is nan")])
def test_what_no_attempt_can_mend_ends_it_at_once_and_not_after_those_of_jobset(job, error):
    with serving(ends="") as fake:
        when_created(fake, job, lambda place: write_failure(place, 1, error), "Running")
        with pytest.raises(type(error), match=str(error)):
            launch(fake, job)
        assert (fake.created, fake.jobs) == (1, {})


def test_a_lost_peer_is_left_to_the_attempts_of_jobset(job):
    def lose_one_then_finish(place):
        write_failure(place, 1, PeerLostError("rank 0 is gone"))
        time.sleep(0.2)
        leave_model(job)(place)

    with serving(ends="") as fake:
        when_created(fake, job, lose_one_then_finish, "Complete")
        assert launch(fake, job) == OUTCOME


def test_an_extractor_that_is_not_there_is_told_before_nodes_are_asked_for(job):
    probing = replace(job, settings=replace(job.settings, probe_every=1))
    with serving(ends="") as fake, pytest.raises(CheckpointError, match="tower"):
        launch(fake, probing)
    assert fake.created == 0


def test_how_a_pod_ended_is_told_with_what_kubernetes_says(job):
    ended = {"exitCode": 137, "reason": "OOMKilled"}
    status = {"name": "node", "state": {"terminated": ended}, "ready": False, "restartCount": 0}
    status |= {"image": "i", "imageID": "i"}
    pod = {"metadata": {"name": "node-0"}, "status": {"containerStatuses": [status]}}
    said = pytest.raises(InfrastructureError, match="pod=node-0 ended exit=137 reason=OOMKilled")
    with serving(ends="Failed", pods=[pod]) as fake, said:
        launch(fake, job)


def test_nodes_that_say_nothing_end_with_what_kubernetes_says(job):
    with serving(ends="Failed") as fake, pytest.raises(InfrastructureError, match="Test: as the"):
        launch(fake, job)


def test_a_complete_trainjob_without_an_outcome_is_an_error(job):
    with serving() as fake, pytest.raises(InfrastructureError, match="left no outcome"):
        launch(fake, job)


def adopted(fake, job, **changes):
    own = trainjob.Own(image="i")
    content = trainjob.build("run-1", job.identity, "s3://b/e", Spread(nodes=2), own)
    content["metadata"] |= changes
    fake.jobs[NAME] = content


def test_a_retry_adopts_the_trainjob_of_the_attempt_before(job):
    with serving(ends="") as fake:
        adopted(fake, job)
        when_created(fake, job, leave_model(job), "Complete")
        assert launch(fake, job) == OUTCOME
        assert fake.created == 0


def test_one_that_appears_between_look_and_creation_is_adopted(job):
    with serving(ends="", hidden=1) as fake:
        adopted(fake, job)
        fake.finish(NAME, "Complete")
        with pytest.raises(InfrastructureError, match="left no outcome"):
            launch(fake, job)
        assert fake.created == 0


def test_one_that_failed_before_is_replaced(job):
    with serving() as fake:
        adopted(fake, job)
        fake.finish(NAME, "Failed")
        with pytest.raises(InfrastructureError, match="left no outcome"):
            launch(fake, job)
        assert (fake.created, fake.deleted) == (1, 2)


def test_one_of_other_work_is_refused_and_stays(job):
    with serving() as fake:
        adopted(fake, job, annotations={trainjob.RUN: "run-1", trainjob.IDENTITY: "other"})
        with pytest.raises(InfrastructureError, match="is not of this work.*delete it"):
            launch(fake, job)
        assert fake.deleted == 0


def test_one_that_takes_too_long_is_deleted(job):
    with serving(ends="") as fake:
        with pytest.raises(InfrastructureError, match="not done after 1 s.*is deleted"):
            launch(fake, job, node_timeout=1)
        assert fake.jobs == {}


def test_sigterm_deletes_it_and_ends_as_preempted(job):
    with serving(ends="") as fake:
        when_created(fake, job, lambda place: signal.raise_signal(signal.SIGTERM), "Running")
        with pytest.raises(PreemptedError):
            launch(fake, job)
        assert fake.jobs == {}


def test_one_that_somebody_deletes_is_noticed(job):
    with serving(ends="") as fake:
        when_created(fake, job, lambda place: fake.jobs.clear(), "Running")
        with pytest.raises(InfrastructureError, match="deleted by somebody else"):
            launch(fake, job)


def test_an_api_server_that_is_away_for_a_while_is_waited_for(job):
    with serving() as fake:

        def write(place):
            leave_model(job)(place)
            fake.unwell = 3

        when_created(fake, job, write, "Complete")
        assert launch(fake, job) == OUTCOME


def pending(name="node-0"):
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    condition["message"] = "0/3 nodes are available: insufficient nvidia.com/gpu"
    return {
        "metadata": {"name": name, "creationTimestamp": "2026-11-01T02:00:00Z", "labels": {}},
        "status": {"phase": "Pending", "conditions": [condition]},
    }


def test_why_its_pods_wait_is_said(job, caplog):
    late = pytest.raises(InfrastructureError, match=r"insufficient nvidia\.com/gpu")
    with serving(ends="", pods=[pending()]) as fake, late:
        launch(fake, job, node_timeout=1)
    said = [record for record in caplog.records if "insufficient" in record.getMessage()]
    assert len(said) == 1


def test_the_log_of_the_first_node_is_passed_on(job, caplog):
    labels = {"batch.kubernetes.io/job-completion-index": "0"}
    pod = {"metadata": {"name": "node-0", "labels": labels}, "status": {"phase": "Running"}}
    log = "2026-11-01T02:00:00Z progress=unlearn done=5\n"
    late = pytest.raises(InfrastructureError, match="not done after 1 s")
    with serving(ends="", pods=[pod], log=log) as fake, caplog.at_level(logging.INFO), late:
        launch(fake, job, node_timeout=1)
    assert [r.getMessage() for r in caplog.records if "done=5" in r.getMessage()] == [
        "node=0 progress=unlearn done=5"
    ]


def test_without_trainer_it_says_what_is_missing(job):
    with serving() as fake:
        fake.url += "/nowhere"
        with pytest.raises(InputError, match="not there"):
            launch(fake, job)


@pytest.mark.parametrize(
    ("in_cluster", "said"),
    [(False, "this is no Kubernetes pod"), (True, "is a local folder that nodes do not share")],
)
def test_nodes_that_cannot_work_are_refused_first(job, monkeypatch, in_cluster, said):
    if in_cluster:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(ConfigError, match=said):
        train_on_nodes(job, Spread(nodes=2), run_id="run-1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"node_memory": "16"}, "node_memory must be a size with its unit"),
        ({"node_gpu_type": "gpu"}, "node_gpu_type must be a resource"),
        ({"queue": "My Queue"}, "queue 'My Queue' is no name"),
        ({"runtime": ""}, "runtime '' is no name"),
    ],
)
def test_nodes_that_kubernetes_would_refuse_are_refused_first(job, given, said):
    with pytest.raises(ConfigError, match=f"method setting {said}"):
        train_on_nodes(job, Spread(nodes=2, **given), run_id="run-1")


def distance(first, second):
    one, other = (load_model(folder).module.state_dict() for folder in (first, second))
    return sum(float((one[name] - other[name]).square().sum()) for name in one) ** 0.5


@pytest.mark.slow
def test_two_nodes_that_share_only_the_exchange_give_the_model_of_one_process(job, tmp_path):
    with serving(nodes=True) as fake:
        outcome = launch(fake, job, processes=1)
    alone = replace(job, after=str(tmp_path / "alone"), state=str(tmp_path / "state"))
    assert asdict(outcome) == pytest.approx(asdict(train(alone)), rel=1e-3)
    moved = distance(tmp_path / "before", tmp_path / "alone")
    assert distance(tmp_path / "after", tmp_path / "alone") < 5e-4 * moved


@pytest.mark.slow
def test_two_nodes_that_sigterm_stopped_go_on_where_they_were(job, tmp_path):
    long = replace(job, settings=replace(job.settings, steps=600, save_every=0.0))

    def stop_later(place):
        while not open_store(long.state).exists("resume/state.pt"):
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    with serving(nodes=True) as fake:
        threading.Thread(target=stop_later, args=(None,), daemon=True).start()
        with pytest.raises(PreemptedError, match="the training state is saved"):
            launch(fake, long)
        assert 0 < launch(fake, long).resumed_from < 600
