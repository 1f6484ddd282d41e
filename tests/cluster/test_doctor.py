"""``efface doctor`` against servers that speak the APIs of Kubernetes, KFP, S3 and MLflow."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from efface.cli import main
from efface.cluster.checks import OF_KUBERNETES, OF_SERVICES
from efface.cluster.checks.place import Place
from efface.cluster.doctor import examine
from efface.settings import read_settings
from tests.cluster import fake_kfp, fake_kubernetes
from tests.cluster.fake_kfp import FakeKfp
from tests.cluster.fake_kubernetes import FakeKubernetes
from tests.cluster.http_server import http_server
from tests.s3 import s3_client

NAMES = "/api/v1/namespaces/kubeflow"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeKubernetes]:
    with fake_kubernetes.serving() as fake:
        monkeypatch.setenv("KUBECONFIG", fake.kubeconfig(tmp_path))
        yield fake


@pytest.fixture
def kfp(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKfp]:
    with fake_kfp.serving() as fake:
        monkeypatch.setenv("EFFACE_KFP_HOST", fake.url)
        yield fake


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    def respond(method: str, target: str, *_: Any) -> tuple[int, Any]:
        return (200, "3.17.2") if target == "/version" else (404, "")

    with http_server(respond) as url:
        monkeypatch.setenv("EFFACE_REGISTRY", url)
        yield url


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3_client().create_bucket(Bucket="doctor")
        yield "doctor"
    server.stop()


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and the row of each check."""
    code = main(["doctor", "--json", *words])
    return code, {row["check"]: row for row in json.loads(capsys.readouterr().out)}


def test_a_cluster_with_all_that_is_needed_is_fine(kubernetes, kfp, mlflow, bucket, capsys):
    code, found = rows(capsys, "--workspace", f"s3://{bucket}/work")
    states = {name: row["state"] for name, row in found.items()}
    optional = ["Kueue", "Argo retries", "artifacts of Kubeflow", "secret efface-storage"]
    optional += ["configmap efface-settings", "configmap efface-policy"]
    wanted = dict.fromkeys([*OF_KUBERNETES, *OF_SERVICES], "ok")
    assert (code, states) == (0, wanted | dict.fromkeys(optional, "skipped"))
    assert "v1.34.1" in found["Kubernetes API"]["found"]
    assert "2.17.0" in found["Kubeflow Pipelines"]["found"]
    assert "3.17.2" in found["MLflow"]["found"]
    assert "4 nvidia.com/gpu on 1 of 2 nodes" in found["GPUs"]["found"]


def test_every_check_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text()
    assert [name for name in [*OF_KUBERNETES, *OF_SERVICES] if name not in text] == []


def test_the_storage_check_leaves_nothing_behind(kubernetes, kfp, mlflow, bucket, capsys):
    rows(capsys, "--workspace", f"s3://{bucket}/work")
    assert s3_client().list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_table_has_a_line_a_check(kubernetes, kfp, mlflow, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in [*OF_KUBERNETES, *OF_SERVICES])


def test_a_missing_secret_fails_with_the_command_that_makes_it(kubernetes, kfp, mlflow, capsys):
    del kubernetes.objects[f"{NAMES}/secrets/efface"]
    code, found = rows(capsys)
    assert code == 4
    assert found["secret efface"]["state"] == "failed"
    assert found["secret efface"]["to_do"].startswith("kubectl create secret generic efface")


@pytest.mark.parametrize(
    ("path", "data", "check", "state"),
    [
        ("secrets/efface", {"other": "eA=="}, "secret efface", "failed"),
        ("secrets/efface", {"subject-key": "c2hvcnQ="}, "secret efface", "failed"),
        (
            "secrets/efface-storage",
            {"AWS_ACCESS_KEY_ID": "eA=="},
            "secret efface-storage",
            "failed",
        ),
        ("secrets/efface-storage", {}, "secret efface-storage", "ok"),
        ("configmaps/efface-settings", {"TYPO": "x"}, "configmap efface-settings", "warning"),
        ("configmaps/efface-settings", {"AWS_REGION": "x"}, "configmap efface-settings", "ok"),
        ("configmaps/efface-policy", {"other.yaml": ""}, "configmap efface-policy", "failed"),
        ("configmaps/efface-policy", {"policy.yaml": ""}, "configmap efface-policy", "ok"),
    ],
)
def test_keys_of_secrets_and_config_maps(kubernetes, kfp, mlflow, capsys, path, data, check, state):
    kubernetes.objects[f"{NAMES}/{path}"] = {"data": data}
    assert rows(capsys)[1][check]["state"] == state


def test_no_value_of_a_secret_is_shown(kubernetes, kfp, mlflow, capsys):
    settings = {"EFFACE_REGISTRY": "http://me:password@localhost:1"}
    kubernetes.objects[f"{NAMES}/configmaps/efface-settings"] = {"data": settings}
    main(["doctor", "--json"])
    out = capsys.readouterr().out
    assert "password" not in out
    assert "0123456789abcdef" not in out


def test_rights_that_are_missing_are_named_with_their_purpose(kubernetes, kfp, mlflow, capsys):
    kubernetes.forbidden = {
        ("create", "secrets"),
        ("create", "trainjobs"),
        ("get", "trainjobs"),
        ("list", "events"),
    }
    code, found = rows(capsys)
    assert (code, found["rights"]["state"]) == (0, "warning")
    assert "list events (to explain runs)" in found["rights"]["found"]
    assert "create secrets (to install the chart)" in found["rights"]["found"]
    assert "create trainjobs, get trainjobs (to train" in found["rights"]["found"]


def test_what_may_not_be_read_is_a_warning(kubernetes, kfp, mlflow, capsys):
    kubernetes.refused |= {"/api/v1/nodes", f"{NAMES}/secrets/efface"}
    code, found = rows(capsys)
    assert (code, found["GPUs"]["state"], found["secret efface"]["state"]) == (
        0,
        "warning",
        "warning",
    )


def test_a_cluster_without_gpus_is_a_warning_that_says_what_to_do(kubernetes, kfp, mlflow, capsys):
    kubernetes.objects["/api/v1/nodes"] = {"items": []}
    code, found = rows(capsys)
    assert (code, found["GPUs"]["state"]) == (0, "warning")
    assert "run with 0 GPUs" in found["GPUs"]["to_do"]


def test_a_gpu_on_a_cordoned_node_does_not_count(kubernetes, kfp, mlflow, capsys):
    for node in kubernetes.objects["/api/v1/nodes"]["items"]:
        node["spec"]["unschedulable"] = True
    assert "no nvidia.com/gpu" in rows(capsys)[1]["GPUs"]["found"]


@pytest.mark.parametrize(
    ("group", "check", "state"),
    [
        ("argoproj.io/v1alpha1", "Argo Workflows", "failed"),
        ("jobset.x-k8s.io/v1alpha2", "JobSet", "warning"),
        ("trainer.kubeflow.org/v1alpha1", "Trainer", "warning"),
    ],
)
def test_an_extension_that_is_missing(kubernetes, kfp, mlflow, capsys, group, check, state):
    del kubernetes.groups[group]
    assert rows(capsys)[1][check]["state"] == state


def test_trainer_without_its_runtime_is_a_warning(kubernetes, kfp, mlflow, capsys):
    runtimes = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes"
    del kubernetes.objects[f"{runtimes}/torch-distributed"]
    assert rows(capsys)[1]["Trainer"]["state"] == "warning"


def test_without_a_cluster_the_rest_is_still_examined(kfp, mlflow, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    code, found = rows(capsys)
    assert (code, found["Kubernetes API"]["state"]) == (4, "failed")
    assert "KUBECONFIG" in found["Kubernetes API"]["to_do"]
    assert {found[name]["state"] for name in list(OF_KUBERNETES)[1:]} == {"skipped"}
    assert found["Kubeflow Pipelines"]["state"] == "ok"


def test_a_wrong_kfp_host_fails(kubernetes, mlflow, capsys, monkeypatch):
    monkeypatch.setenv("EFFACE_KFP_HOST", "http://kfp.invalid")
    code, found = rows(capsys)
    assert (code, found["Kubeflow Pipelines"]["state"]) == (4, "failed")
    assert "EFFACE_KFP_HOST" in found["Kubeflow Pipelines"]["to_do"]


def test_an_older_kfp_is_a_warning(kubernetes, kfp, mlflow, capsys):
    kfp.tag = "2.5.0"
    assert rows(capsys)[1]["Kubeflow Pipelines"]["state"] == "warning"


def test_a_kfp_that_tells_no_version_is_known_by_its_image(kubernetes, kfp, mlflow, capsys):
    kfp.tag = None
    container = {"name": "api", "image": "r:5000/kfp-api-server:2.17.1@sha256:ab"}
    template = {"spec": {"containers": [container]}, "metadata": {}}
    kubernetes.objects["/apis/apps/v1/namespaces/kubeflow/deployments/ml-pipeline"] = {
        "spec": {"selector": {}, "template": template}
    }
    assert rows(capsys)[1]["Kubeflow Pipelines"]["found"].startswith("2.17.1,")


def test_a_bucket_that_is_not_there_fails(kubernetes, kfp, mlflow, bucket, capsys):
    code, found = rows(capsys, "--workspace", "s3://absent/work")
    assert (code, found["storage"]["state"]) == (4, "failed")
    assert "no bucket 'absent'" in found["storage"]["found"]


def test_a_bucket_without_rights_fails(kubernetes, kfp, mlflow, capsys, monkeypatch):
    refusal = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with http_server(lambda *_: (403, refusal)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        code, found = rows(capsys, "--workspace", "s3://theirs/work")
    assert (code, found["storage"]["state"]) == (4, "failed")
    assert "access refused (AccessDenied)" in found["storage"]["found"]
    assert "bucket's policy" in found["storage"]["to_do"]


def test_mlflow_that_only_pods_can_reach_is_a_warning(kubernetes, kfp, capsys, monkeypatch):
    monkeypatch.setenv("EFFACE_REGISTRY", "http://mlflow.invalid.svc:5000")
    assert rows(capsys)[1]["MLflow"]["state"] == "warning"


@pytest.mark.parametrize("answer", [(200, "<html>"), (403, "no"), (500, "broken")])
def test_mlflow_that_does_not_answer_as_such_fails(kubernetes, kfp, capsys, monkeypatch, answer):
    with http_server(lambda *_: answer) as url:
        monkeypatch.setenv("EFFACE_REGISTRY", url)
        assert rows(capsys)[1]["MLflow"]["state"] == "failed"


@pytest.mark.slow
def test_a_real_mlflow_server_is_known_by_its_version(
    kubernetes, kfp, capsys, monkeypatch, tmp_path
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = ["--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    monkeypatch.setenv("EFFACE_REGISTRY", f"http://127.0.0.1:{port}")
    with subprocess.Popen([*command, *store], stderr=subprocess.DEVNULL, cwd=tmp_path) as server:
        try:
            limit = time.monotonic() + 300
            while (row := rows(capsys)[1]["MLflow"])["state"] != "ok" and time.monotonic() < limit:
                time.sleep(1)
        finally:
            server.terminate()
    assert row["found"].startswith("3.")


def test_a_check_that_breaks_stops_no_other():
    def breaks(place: Place) -> Any:
        raise RuntimeError("oops")

    place = Place(settings=read_settings({}), cluster=lambda: None)
    found = list(examine(place, {}, {"one": breaks, "two": breaks}))
    assert [row.finding.state for row in found] == ["failed", "failed"]
    assert "please report it" in found[0].finding.to_do


@pytest.mark.parametrize(
    "content", [b"\xff\x00", b"a: [", b"- a", b"", b"clusters: 5\ncontexts: 6\ncurrent-context: a"]
)
def test_a_kubeconfig_that_is_none_is_no_defect_of_efface(
    kfp, mlflow, capsys, monkeypatch, tmp_path, content
):
    (tmp_path / "kubeconfig").write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    _, found = rows(capsys)
    assert found["Kubernetes API"]["state"] == "failed"
    assert "set KUBECONFIG" in found["Kubernetes API"]["to_do"]
    assert found["MLflow"]["state"] == "ok"


def test_a_server_that_is_no_kubernetes_api_is_no_defect_of_efface(kubernetes, kfp, mlflow, capsys):
    kubernetes.objects["/version"] = "<html>"
    _, found = rows(capsys)
    assert "not that of a Kubernetes API" in found["Kubernetes API"]["found"]


def test_an_address_of_mlflow_that_is_none_fails(kubernetes, kfp, capsys, monkeypatch):
    monkeypatch.setenv("EFFACE_REGISTRY", "http://[::1")
    _, found = rows(capsys)
    assert "is no address" in found["MLflow"]["found"]


def test_a_folder_of_this_machine_is_no_workspace_of_a_cluster(
    kubernetes, kfp, mlflow, capsys, tmp_path
):
    _, found = rows(capsys, "--workspace", str(tmp_path / "work"))
    assert "which the pods do not share" in found["storage"]["found"]
    assert not (tmp_path / "work").exists()
