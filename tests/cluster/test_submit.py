"""``efface submit`` against a server that speaks KFP's API, and one that speaks Kubernetes'."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from efface.cli import main, submit
from tests.cluster import fake_kfp, fake_kubernetes
from tests.cluster.fake_kfp import FakeKfp, detail, run_of
from tests.cluster.fake_kubernetes import FakeKubernetes, pod
from tests.cluster.given import GIVEN, PARAMETERS
from tests.cluster.http_server import http_server

PODS = "/api/v1/namespaces/kubeflow/pods"
EVENTS = "/api/v1/namespaces/kubeflow/events"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)
    monkeypatch.setattr(submit, "EVERY", 0.01)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    for name in ("EFFACE_KFP_HOST", "EFFACE_KFP_TOKEN_FILE", "EFFACE_KFP_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def kfp(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKfp]:
    with fake_kfp.serving() as fake:
        monkeypatch.setenv("EFFACE_KFP_HOST", fake.url)
        fake.script = [run_of("SUCCEEDED", "intake", "gate", "register", "settle")]
        yield fake


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeKubernetes]:
    with fake_kubernetes.serving() as fake:
        monkeypatch.setenv("KUBECONFIG", fake.kubeconfig(tmp_path))
        fake.objects |= {PODS: {"items": []}, EVENTS: {"items": []}}
        yield fake


@pytest.mark.parametrize(
    ("task", "code", "word"),
    [("register", 0, "passed"), ("refuse", 3, "blocked"), ("idle", 0, "nothing due")],
)
def test_it_exits_by_the_verdict(kfp, capsys, task, code, word):
    kfp.script = [run_of("RUNNING", detail("intake", "RUNNING")), run_of("SUCCEEDED", task)]
    assert main(["submit", *GIVEN]) == code
    out = capsys.readouterr().out
    assert f"{word}: " in out
    assert f"{kfp.url}/#/runs/details/{kfp.runs()[0]['run_id']}" in out


def test_a_failed_run_ends_with_what_its_pod_said_last(kfp, kubernetes, capsys):
    kfp.script = [run_of("FAILED", "intake", detail("shard", "FAILED"), "settle")]
    retried = pod("intake-1", "intake", phase="Failed")
    kubernetes.objects[PODS] = {"items": [retried, pod("shard-1", "shard", phase="Failed")]}
    kubernetes.objects[f"{PODS}/intake-1/log"] = "the node was lost"
    log = "begun\nefface ERROR step=shard exit=4 s3://b: storage failed\nexit status 4\n"
    kubernetes.objects[f"{PODS}/shard-1/log"] = log
    assert main(["submit", *GIVEN]) == 4
    said = capsys.readouterr()
    assert "failed: Make the sets" in said.out
    assert "shard said: s3://b: storage failed\n" in said.err
    assert "the node was lost" not in said.err


def test_a_run_that_was_ended_by_someone_is_not_a_verdict(kfp, capsys):
    kfp.script = [run_of("CANCELED", "intake")]
    assert main(["submit", *GIVEN]) == 4
    assert "cancelled" in capsys.readouterr().out


def test_progress_is_one_line_a_change(kfp, capsys):
    loop = [detail("evaluate"), detail("evaluate", "RUNNING")]
    kfp.script = [
        run_of("RUNNING", detail("root-driver"), detail("intake", "RUNNING")),
        run_of("RUNNING", detail("intake", "RUNNING")),
        run_of("RUNNING", "intake", "executor", "for-loop-3", *loop),
        run_of("SUCCEEDED", "intake", "evaluate", "evaluate", "register"),
    ]
    main(["submit", *GIVEN])
    lines = [line for line in capsys.readouterr().err.splitlines() if "waits" not in line]
    told = [line for line in lines if not line.startswith("if a task")]
    wanted = ["intake running", "intake done", "evaluate 1/2 running", "evaluate 2/2 done"]
    assert told == [*wanted, "register done"]


def test_the_same_content_is_uploaded_once(kfp):
    for _ in range(2):
        assert main(["submit", *GIVEN, "--no-follow"]) == 0
    assert len(kfp.uploads) == len(kfp.versions) == len(kfp.things["pipelines"]) == 1
    assert len(kfp.runs()) == 2


def test_other_images_are_another_version_and_reach_kfp(kfp):
    main(["submit", *GIVEN, "--no-follow"])
    images = ["--core-image", "r:5000/efface-core:1", "--gpu-image", "r:5000/efface-gpu:1"]
    main(["submit", *GIVEN, "--no-follow", *images, "--pull-policy", "Never"])
    assert len({version["name"] for version in kfp.versions}) == 2
    assert b"image: r:5000/efface-core:1" in kfp.uploads[1]
    assert b"image: r:5000/efface-gpu:1" in kfp.uploads[1]
    assert b"image: efface-" not in kfp.uploads[1]
    assert b"imagePullPolicy: Never" in kfp.uploads[1]


def test_a_run_gets_its_parameters_from_the_file_and_the_command_line(kfp, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({**PARAMETERS, "method": {"steps": 5}}))
    words = ["--params", str(path), "--set", "name=7", "--set", 'sharding={"neighbours": 3}']
    assert main(["submit", *GIVEN[:2], *words, "--no-follow"]) == 0
    changed = {"name": "7", "method": {"steps": 5}, "sharding": {"neighbours": 3}}
    assert kfp.runs()[0]["runtime_config"]["parameters"] == {**PARAMETERS, **changed}


def test_a_number_for_a_text_is_refused_with_what_to_do(kfp, capsys, tmp_path):
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**PARAMETERS, "name": 7}))
    words = [*GIVEN[:2], "--params", str(tmp_path / "params.yaml")]
    assert main(["submit", *words]) == 2
    assert "name must be text (a number in quotes), got 7" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(GIVEN[:-1], "missing: workspace", id="a parameter is missing"),
        pytest.param([*GIVEN, "--set=gpu=1"], "unknown: gpu", id="a parameter is unknown"),
        pytest.param([*GIVEN, "--set=method=i2i"], "method must be a mapping", id="not JSON"),
        pytest.param([*GIVEN, "--set=method=[]"], "method must be a mapping", id="another type"),
        pytest.param(["--pipeline", "no.yaml"], "no.yaml does not exist", id="no such pipeline"),
        pytest.param(["--pipeline", __file__], "cannot be read", id="no pipeline at all"),
        pytest.param([*GIVEN, "--params", "no.yaml"], "cannot be read", id="no such parameters"),
        pytest.param([*GIVEN, "--pull-policy=Maybe"], "IfNotPresent", id="no such pull policy"),
        pytest.param([*GIVEN, "--experiment=typo"], "'typo' is not in", id="no such experiment"),
        pytest.param([*GIVEN, "--core-image=http://x y"], "no name of an image", id="image"),
        pytest.param([*GIVEN, "--core-image= "], "no name of an image", id="blank image"),
        pytest.param([*GIVEN, "--namespace=A/b"], "namespace 'A/b' is no name", id="namespace"),
        pytest.param([*GIVEN, "--service-account=Me"], "account 'Me' is no name", id="account"),
        pytest.param([*GIVEN, "--run-name=a\nb"], "use 1 to 128 on one line", id="run name"),
    ],
)
def test_bad_input_is_found_before_anything_is_run(kfp, capsys, words, told):
    assert main(["submit", *words]) == 2
    assert told in capsys.readouterr().err
    assert (kfp.runs(), kfp.uploads) == ([], [])


@pytest.mark.parametrize(
    ("host", "told"),
    [
        pytest.param("", "give --host or set EFFACE_KFP_HOST", id="none"),
        pytest.param("ml-pipeline:8888", "must begin with http://", id="no scheme"),
        pytest.param("http://kfp.invalid", "check --host or EFFACE_KFP_HOST", id="no such name"),
    ],
)
def test_a_wrong_host_is_said_without_a_traceback(monkeypatch, capsys, host, told):
    monkeypatch.setenv("EFFACE_KFP_HOST", host)
    assert main(["submit", *GIVEN]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said


def test_nobody_at_the_address_may_be_a_service_that_is_down(monkeypatch, capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("EFFACE_KFP_HOST", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert main(["submit", *GIVEN]) == 4
    said = capsys.readouterr().err
    assert "does not answer ([Errno 111] Connection refused); check --host" in said.replace(
        "Failed to establish a new connection: ", ""
    )


def test_a_page_whose_api_is_away_is_a_service_that_is_down(monkeypatch, capsys):
    with http_server(lambda *_: (200, {"apiServerReady": False})) as url:
        monkeypatch.setenv("EFFACE_KFP_HOST", url)
        assert main(["submit", *GIVEN]) == 4
    assert "the API behind it does not" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, "<html>log in</html>"), id="a page"),
        pytest.param((404, "not here"), id="another server"),
        pytest.param((200, ["not", "this"]), id="another API"),
    ],
)
def test_a_server_that_is_not_kfp_is_named_as_such(monkeypatch, capsys, answer):
    with http_server(lambda *_: answer) as url:
        monkeypatch.setenv("EFFACE_KFP_HOST", url)
        assert main(["submit", *GIVEN]) == 2
    assert "is not Kubeflow Pipelines" in capsys.readouterr().err


def test_kfp_that_fails_is_not_the_users_fault(kfp, capsys):
    kfp.broken["POST /apis/v2beta1/runs"] = 500
    assert main(["submit", *GIVEN]) == 4
    assert "told to fail" in capsys.readouterr().err


def test_a_refused_token_says_what_to_set(kfp, capsys, monkeypatch, tmp_path):
    kfp.token = "right"
    assert main(["submit", *GIVEN, "--no-follow"]) == 2
    assert "EFFACE_KFP_TOKEN_FILE" in capsys.readouterr().err
    (tmp_path / "token").write_text("right\n")
    monkeypatch.setenv("EFFACE_KFP_TOKEN_FILE", str(tmp_path / "token"))
    assert main(["submit", *GIVEN, "--no-follow"]) == 0


def test_the_namespace_is_named_only_where_several_users_share_kfp(kfp, monkeypatch):
    monkeypatch.setenv("EFFACE_KFP_NAMESPACE", "team")
    main(["submit", *GIVEN, "--no-follow"])
    kfp.multi_user = True
    assert not any("namespace=team" in asked for asked in kfp.asked)
    main(["submit", *GIVEN, "--no-follow"])
    assert any("namespace=team" in asked for asked in kfp.asked)


def test_a_pod_that_cannot_be_scheduled_is_told_with_what_to_do(kfp, kubernetes, capsys):
    kfp.script = [run_of("RUNNING", detail("unlearn", "RUNNING")), run_of("SUCCEEDED", "idle")]
    message = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
    condition = {"type": "PodScheduled", "status": "False"}
    condition |= {"reason": "Unschedulable", "message": message}
    kubernetes.objects[PODS] = {"items": [pod("p", "unlearn", conditions=[condition])]}
    main(["submit", *GIVEN])
    said = capsys.readouterr().err
    assert message.rstrip(".") in said
    assert "unlearn waits" in said
    assert "change node selector" in said


def test_without_a_kubeconfig_a_run_is_followed_all_the_same(kfp, capsys):
    kfp.script = [run_of("RUNNING"), run_of("SUCCEEDED", "register")]
    assert main(["submit", *GIVEN]) == 0
    assert "set KUBECONFIG" in capsys.readouterr().err


def test_kfp_may_be_away_for_a_moment(kfp, monkeypatch):
    kfp.script = [run_of("RUNNING"), run_of("SUCCEEDED", "register")]
    away = iter([503, 503])

    def look(*args, respond=fake_kfp.on_things):
        status = next(away, None) if args[2][:1] == ["runs"] and len(args[2]) == 2 else None
        return (status, fake_kfp.error(14, "away")) if status else respond(*args)

    monkeypatch.setattr(fake_kfp, "on_things", look)
    assert main(["submit", *GIVEN]) == 0


@pytest.mark.parametrize("status", [401, 503])
def test_a_run_that_can_no_longer_be_followed_goes_on(kfp, capsys, monkeypatch, status):
    monkeypatch.setattr("efface.cluster.following.PATIENCE", 0.0)
    kfp.broken["GET /apis/v2beta1/runs"] = status
    assert main(["submit", *GIVEN]) == 4
    assert "goes on, but cannot be followed" in capsys.readouterr().err
    assert len(kfp.runs()) == 1


def test_a_run_that_takes_too_long_goes_on_by_itself(kfp, capsys):
    kfp.script = [run_of("RUNNING")]
    assert main(["submit", *GIVEN, "--timeout", "0.05s"]) == 4
    assert "goes on in the cluster" in capsys.readouterr().err


def test_ctrl_c_leaves_the_run_and_says_where_it_is(kfp, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    kfp.script = [run_of("RUNNING")]
    monkeypatch.setattr("efface.cluster.following.time.sleep", interrupt)
    assert main(["submit", *GIVEN]) == 130
    assert f"the run goes on in the cluster: {kfp.url}" in capsys.readouterr().err
    assert len(kfp.runs()) == 1
