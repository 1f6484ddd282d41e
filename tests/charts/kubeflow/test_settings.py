import pytest

from tests.charts.rendering import VALUES, named, settings


def data(*arguments):
    return named("ConfigMap", "efface-settings", *arguments)["data"]


def test_what_is_not_set_is_left_out():
    assert data() == {}


def test_pods_learn_of_storage_registry_and_pushgateway():
    assert data(*VALUES["everything"]) == {
        "AWS_ENDPOINT_URL": "http://minio.storage.svc:9000",
        "AWS_REGION": "eu-central-1",
        "EFFACE_REGISTRY": "http://efface-mlflow.efface.svc:5000",
        "EFFACE_PUSHGATEWAY": "http://efface-pushgateway.efface.svc:9091",
    }


def test_settle_learns_where_kubeflow_keeps_its_artifacts():
    place = "http://seaweedfs.kubeflow.svc:9000"
    found = data(*settings(f"kubeflow.artifactsEndpointUrl={place}"))
    assert found == {"EFFACE_ARTIFACTS_ENDPOINT_URL": place}


@pytest.mark.parametrize(
    ("pair", "name"),
    [
        ("registry=https://mlflow.example.org", "EFFACE_REGISTRY"),
        ("pushgateway.url=https://push.example.org", "EFFACE_PUSHGATEWAY"),
    ],
)
def test_a_server_that_is_there_already_wins(pair, name):
    given = settings("mlflow.enabled=true", "pushgateway.enabled=true", pair)
    assert data(*given)[name] == pair.partition("=")[2]
