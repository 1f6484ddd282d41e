import pytest
import yaml

from efface.errors import InfrastructureError, InputError
from examples.fashion.bucket import FOLDERS, create_bucket, parameters, put_demo
from pipelines.compile import COMPILED

ROOT = "s3://bucket/test"


def test_the_demo_goes_to_the_bucket_with_a_ticket_a_case(tmp_path):
    count = put_demo(str(tmp_path), ["passed", "blocked"])
    files = sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()
    )
    assert len(files) == count
    assert {name.partition("/")[0] for name in files} == {*FOLDERS, "policy.yaml", "tickets"}
    assert "tickets/passed/ticket.json" in files
    assert "extractors/tower/model.safetensors" in files


def test_the_parameters_of_a_run_need_no_gpu_and_name_places_of_the_bucket():
    chosen = parameters(ROOT, "passed", save_every=1.0)
    assert chosen["gpus"] == "0"
    assert chosen["tickets"] == "s3://bucket/test/tickets/passed"
    assert chosen["method"]["save_every"] == 1.0
    assert yaml.safe_load(yaml.safe_dump(chosen)) == chosen


def test_the_parameters_are_all_that_a_cluster_does_not_know_itself():
    graph = next(yaml.safe_load_all((COMPILED / "unlearn.yaml").read_text()))
    known = graph["root"]["inputDefinitions"]["parameters"]
    needed = {name for name, facts in known.items() if not facts.get("isOptional")}
    assert needed - {"registry"} <= set(parameters(ROOT, "passed"))


def test_a_store_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(InfrastructureError, match="AWS_ENDPOINT_URL"):
        create_bucket("demo")


@pytest.mark.parametrize(
    ("endpoint", "profile", "bucket"),
    [
        pytest.param("localhost:9", None, "efface", id="address without a scheme"),
        pytest.param("http://127.0.0.1:9", "absent", "efface", id="no such profile"),
        pytest.param("http://127.0.0.1:9", None, "a b", id="no name of a bucket"),
    ],
)
def test_a_variable_or_a_name_that_cannot_be_used_is_the_users(
    monkeypatch, endpoint, profile, bucket
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(InputError, match=r"AWS_\* variables"):
        create_bucket(bucket)
