"""The store that Kubeflow keeps artifacts in, as settle would reach it."""

from base64 import b64encode

import pytest

from efface.cluster.checks.artifacts import check_artifacts
from efface.cluster.checks.configuration import in_namespace
from efface.cluster.doctor import guarded
from tests.s3 import s3_client

NAMES = "/api/v1/namespaces/kubeflow"


@pytest.fixture
def give(kubernetes):
    """Put settings, keys and KFP's root into the namespace."""

    def put(settings, keys=("accesskey", "secretkey"), root=""):
        kubernetes.objects[f"{NAMES}/configmaps/efface-settings"] = {"data": settings}
        data = {key: b64encode(b"test").decode() for key in keys}
        kubernetes.objects[f"{NAMES}/secrets/mlpipeline-minio-artifact"] = {"data": data}
        if root:
            launcher = {"data": {"defaultPipelineRoot": root}}
            kubernetes.objects[f"{NAMES}/configmaps/kfp-launcher"] = launcher

    return put


def test_a_store_that_answers_to_the_keys_of_kubeflow_is_fine(place, give, bucket, s3_endpoint):
    name = bucket.removeprefix("s3://")
    give({"EFFACE_ARTIFACTS_ENDPOINT_URL": s3_endpoint}, root=f"minio://{name}/artifacts")
    found = check_artifacts(place)
    assert (found.state, s3_endpoint in found.found) == ("ok", True)
    assert s3_client().list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_a_bucket_that_is_not_there_fails_with_what_to_check(place, give, bucket, s3_endpoint):
    give({"EFFACE_ARTIFACTS_ENDPOINT_URL": s3_endpoint}, root="minio://absent/artifacts")
    found = check_artifacts(place)
    assert (found.state, "absent" in found.found) == ("failed", True)
    assert "kubeflow.artifactsEndpointUrl" in found.to_do


def test_an_address_without_the_keys_fails(place, give):
    give({"EFFACE_ARTIFACTS_ENDPOINT_URL": "http://s3:9000"}, keys=["accesskey"])
    found = check_artifacts(place)
    assert (found.state, "no secretkey" in found.found) == ("failed", True)


def test_a_name_that_only_pods_know_is_a_warning(place, give):
    give({"EFFACE_ARTIFACTS_ENDPOINT_URL": "http://seaweedfs.kubeflow.svc:9000"})
    found = check_artifacts(place)
    assert (found.state, found.to_do) == ("warning", "run `efface doctor` in a pod to know")


@pytest.mark.parametrize(
    ("usual", "state"),
    [("http://minio.data.svc:9000", "warning"), ("http://seaweedfs.kubeflow:9000", "skipped")],
)
def test_the_store_that_kubeflow_brings_is_seen(place, give, kubernetes, usual, state):
    give({"AWS_ENDPOINT_URL": usual})
    kubernetes.objects[f"{NAMES}/services/seaweedfs"] = {"metadata": {"name": "seaweedfs"}}
    found = check_artifacts(place)
    assert found.state == state
    assert ("http://seaweedfs.kubeflow.svc:9000" in found.to_do) is (state == "warning")


def test_the_store_is_seen_where_users_have_namespaces_of_their_own(place, kubernetes):
    profile = in_namespace(place, "team")
    kubernetes.objects[f"{NAMES}/services/seaweedfs"] = {"metadata": {"name": "seaweedfs"}}
    found = check_artifacts(profile)
    assert found.state == "warning"
    assert "http://seaweedfs.kubeflow.svc:9000" in found.to_do


def test_a_namespace_of_kubeflow_that_may_not_be_read_is_left_out(place, kubernetes):
    kubernetes.refused |= {f"{NAMES}/services/seaweedfs"}
    assert check_artifacts(in_namespace(place, "team")).state == "skipped"
    assert guarded(check_artifacts, place).state == "warning"


def test_artifacts_beside_the_data_need_no_address(place, give):
    give({}, root="s3://bucket/kfp")
    assert check_artifacts(place).state == "ok"
