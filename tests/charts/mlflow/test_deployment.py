"""The small MLflow."""

from fnmatch import fnmatch

import pytest

from tests.charts.rendering import VALUES, named, of_kind, pod_of, settings

ON = settings("mlflow.enabled=true")
POSTGRES = settings("mlflow.database.existingSecret=database")
BUCKET = settings("mlflow.artifacts.destination=s3://bucket/mlflow")


def pod(*arguments):
    return pod_of(named("Deployment", "efface-mlflow", *ON, *arguments))


def container(*arguments):
    return pod(*arguments)["containers"][0]


def environment(*arguments):
    return {one["name"]: one for one in container(*arguments)["env"]}


def option(name, *arguments):
    (found,) = (w for w in container(*arguments)["command"] if w.startswith(f"--{name}="))
    return found.partition("=")[2]


def test_there_is_none_unless_asked_for():
    assert of_kind("Deployment") == []


def test_it_keeps_everything_on_its_volume():
    assert environment()["MLFLOW_BACKEND_STORE_URI"]["value"] == (
        "sqlite:////var/lib/mlflow/mlflow.db"
    )
    assert option("artifacts-destination") == "/var/lib/mlflow/artifacts"
    assert {"name": "data", "mountPath": "/var/lib/mlflow"} in container()["volumeMounts"]


def test_a_database_is_named_by_a_secret():
    found = environment(*POSTGRES)["MLFLOW_BACKEND_STORE_URI"]
    assert found["valueFrom"] == {"secretKeyRef": {"name": "database", "key": "uri"}}


@pytest.mark.parametrize(("given", "volumes"), [(POSTGRES, 2), (BUCKET, 2), (POSTGRES + BUCKET, 1)])
def test_the_volume_is_there_while_something_is_kept_on_it(given, volumes):
    assert len(pod(*given)["volumes"]) == volumes
    assert len(of_kind("PersistentVolumeClaim", *ON, *given)) == volumes - 1


def test_an_old_server_is_gone_before_a_new_one_writes():
    spec = named("Deployment", "efface-mlflow", *ON)["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("port", ["", ":5000"])
@pytest.mark.parametrize(
    "host",
    [
        "efface-mlflow",
        "efface-mlflow.efface",
        "efface-mlflow.efface.svc",
        "efface-mlflow.efface.svc.cluster.local",
        "localhost",
        "127.0.0.1",
    ],
)
def test_it_answers_to_each_name_of_its_service(host, port):
    patterns = option("allowed-hosts").split(",")
    assert any(fnmatch(f"{host}{port}", pattern) for pattern in patterns)


def test_it_answers_to_the_name_that_the_pods_are_told():
    told = named("ConfigMap", "efface-settings", *ON)["data"]["EFFACE_REGISTRY"]
    assert told.removeprefix("http://") in option("allowed-hosts").split(",")


def test_it_answers_to_names_that_are_given():
    given = settings("mlflow.allowedHosts={mlflow.example.org}")
    assert "mlflow.example.org" in option("allowed-hosts", *given).split(",")


def test_it_answers_to_nobody_else():
    assert "*" not in option("allowed-hosts").split(",")


def test_another_object_store_is_told_apart_from_aws():
    found = environment(*VALUES["everything"])
    assert found["MLFLOW_S3_ENDPOINT_URL"]["value"] == "http://minio.storage.svc:9000"
    assert found["MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE"]["value"] == "path"
    assert "MLFLOW_S3_ENDPOINT_URL" not in environment()


def test_the_access_key_comes_from_a_secret():
    (source,) = container(*VALUES["everything"])["envFrom"]
    assert source == {"secretRef": {"name": "mlflow-storage"}}
    assert "envFrom" not in container()


def test_the_image_is_the_gpu_image_or_one_of_your_own():
    assert container()["image"] == "efface-gpu:0.1.0"
    own = settings("mlflow.image=mlflow:3.17")
    assert container(*own)["image"] == "mlflow:3.17"


def test_a_first_start_has_time_to_make_its_tables():
    probe = container()["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 300
