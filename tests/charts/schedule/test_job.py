"""The Job that uploads the pipeline and keeps the recurring run."""

import json

import pytest

from efface.errors import InputError
from tests.charts.rendering import VALUES, named, of_kind, pod_of, settings

PLACES = settings(
    "schedule.enabled=true",
    "registry=https://mlflow.example.org",
    "policy=version: 1",
    *(
        f"schedule.parameters.{name}=x"
        for name in ("tickets", "dataset", "model", "name", "workspace")
    ),
)


def job(*arguments):
    return named("Job", "efface-schedule", *arguments)


def container(*arguments):
    return pod_of(job(*arguments))["containers"][0]


def environment(*arguments):
    return {one["name"]: one["value"] for one in container(*arguments)["env"]}


def test_there_is_no_job_unless_asked_for():
    assert of_kind("Job") == []


def test_it_applies_the_schedule_with_the_images_of_the_release():
    assert container(*VALUES["everything"])["command"] == [
        "efface",
        "schedule",
        "--name=efface",
        "--cron=0 0 2 * * *",
        "--params=/etc/efface/run/params.yaml",
        "--core-image=registry.example.org/ml/efface-core:0.1.0",
        "--gpu-image=registry.example.org/ml/efface-gpu:0.1.0",
        "--pull-policy=Never",
        "--service-account=default-editor",
    ]


def test_it_runs_after_everything_else_and_is_gone_when_it_succeeded():
    notes = job(*PLACES)["metadata"]["annotations"]
    assert notes["helm.sh/hook"] == "post-install,post-upgrade,post-rollback"
    assert notes["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"


def test_a_failed_one_shows_its_log_and_is_gone_later():
    found = job(*PLACES)
    assert found["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
    assert found["spec"]["ttlSecondsAfterFinished"] == 3600


def test_it_gives_up_before_helm_does():
    helms_own_timeout = 300
    assert job(*PLACES)["spec"]["activeDeadlineSeconds"] < helms_own_timeout


def test_wrong_input_is_not_tried_again():
    (rule,) = job(*PLACES)["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [InputError.exit_code]


def test_it_asks_the_api_in_the_namespace_of_the_pods():
    found = environment(*PLACES, *settings("kubeflow.namespace=team"))
    assert found["EFFACE_KFP_HOST"] == "http://ml-pipeline.team.svc:8888"
    assert found["EFFACE_KFP_NAMESPACE"] == "team"


def test_an_address_that_is_given_wins():
    found = environment(*PLACES, *settings("kubeflow.host=https://kfp.example.org"))
    assert found["EFFACE_KFP_HOST"] == "https://kfp.example.org"


def test_without_an_audience_there_is_no_token():
    assert "EFFACE_KFP_TOKEN_FILE" not in environment(*PLACES)
    assert [one["name"] for one in pod_of(job(*PLACES))["volumes"]] == ["parameters", "tmp"]


def test_a_token_is_for_the_pipelines_api_only():
    pod = pod_of(job(*VALUES["everything"]))
    (volume,) = (one for one in pod["volumes"] if one["name"] == "token")
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "pipelines.kubeflow.org"
    (mount,) = (m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "token")
    path = f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
    assert environment(*VALUES["everything"])["EFFACE_KFP_TOKEN_FILE"] == path


@pytest.mark.parametrize("name", ["painter: the 2nd", "it's", 'a "b"'])
def test_a_name_with_marks_arrives_as_it_is(tmp_path, name):
    given = tmp_path / "values.json"
    given.write_text(f'{{"schedule": {{"name": {json.dumps(name)}}}}}')
    assert f"--name={name}" in container(*PLACES, "-f", str(given))["command"]
