import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

LOCAL = Path(__file__).parents[2] / "infra" / "local"
SCRIPT = LOCAL / "cluster.sh"
STAND_IN = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "$CALLS"
case "$name $*" in
  "kind get clusters") echo "$CLUSTERS" ;;
  "docker image inspect"*) test -n "$IMAGES" ;;
  *"get secret"*) printf bWluaW8= ;;
  *port-forward*) exec sleep 30 ;;
  *"apply --filename -"*) cat >> "$APPLIED" ;;
  python*) echo "keys $AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL" >> "$CALLS"; echo "name: demo" ;;
esac
"""


@pytest.fixture
def desk(tmp_path):
    """A copy of the folder, and stand-ins for the tools that write down how they are called."""
    shutil.copytree(LOCAL, tmp_path / "infra" / "local")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for tool in ("kind", "kubectl", "helm", "docker", "python"):
        (bin_ / tool).write_text(STAND_IN)
        (bin_ / tool).chmod(0o755)
    return tmp_path


def run(desk, *words, **environment):
    given = {
        "PATH": f"{desk / 'bin'}:/usr/bin:/bin",
        "PYTHON": str(desk / "bin" / "python"),
        "CALLS": str(desk / "calls"),
        "APPLIED": str(desk / "applied"),
        "CLUSTERS": "",
        "IMAGES": "yes",
        **environment,
    }
    return subprocess.run(
        ["bash", str(desk / "infra" / "local" / "cluster.sh"), *words],
        capture_output=True,
        text=True,
        env=given,
        timeout=60,
    )


def test_shellcheck_has_nothing_to_say():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_help_names_what_can_be_done(desk):
    done = run(desk, "--help")
    assert done.returncode == 0
    assert {"up", "status", "down"} <= set(re.findall(r"cluster\.sh (\w+)", done.stdout))


@pytest.mark.parametrize("words", [[], ["sideways"]])
def test_anything_else_is_refused_with_what_can_be_said(desk, words):
    done = run(desk, *words)
    assert done.returncode == 2
    assert "up, status or down" in done.stderr


def test_one_message_names_every_tool_that_is_missing(desk):
    (desk / "bin" / "kind").unlink()
    (desk / "bin" / "helm").unlink()
    done = run(desk, "up", PATH=only(desk, "bash", "dirname", "base64", "kubectl"))
    assert done.returncode == 2
    assert "not on PATH: kind helm;" in done.stderr


def test_an_engine_that_does_not_answer_is_told(desk):
    for engine in ("docker", "podman"):
        (desk / "bin" / engine).write_text("#!/bin/sh\nexit 1\n")
        (desk / "bin" / engine).chmod(0o755)
    done = run(desk, "up", "--dry-run")
    assert done.returncode == 4
    assert "neither docker nor podman answers" in done.stderr


def test_images_that_were_not_built_are_told(desk):
    done = run(desk, "up", "--dry-run", IMAGES="")
    assert done.returncode == 2
    assert "efface-core:0.1.0 is not here: make images" in done.stderr


def test_a_dry_run_prints_every_command_and_runs_none(desk):
    done = run(desk, "up", "--dry-run")
    assert done.returncode == 0, done.stderr
    order = [
        "kind create cluster",
        "kind load docker-image efface-core:0.1.0",
        "kind load docker-image efface-gpu:0.1.0",
        "cluster-scoped-resources",
        "infra/local/kubeflow",
        "efface-storage",
        "helm upgrade --install efface",
        "examples.fashion.bucket s3://efface/demo",
        "efface submit",
    ]
    found = [done.stdout.find(words) for words in order]
    assert -1 not in found
    assert found == sorted(found)
    called = (desk / "calls").read_text()
    assert "create" not in called and "apply" not in called and "helm" not in called


def test_podman_saves_images_under_the_name_that_nodes_look_for(desk):
    (desk / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    (desk / "bin" / "podman").write_text(STAND_IN)
    (desk / "bin" / "podman").chmod(0o755)
    done = run(desk, "up", "--dry-run")
    assert done.returncode == 0, done.stderr
    for image in ("efface-core:0.1.0", "efface-gpu:0.1.0"):
        assert f"podman tag {image} docker.io/library/{image}\n" in done.stdout
        assert re.search(rf"podman save --output \S+ docker\.io/library/{image}\n", done.stdout)


def test_a_cluster_that_is_there_is_not_made_again(desk):
    done = run(desk, "up", "--dry-run", CLUSTERS="other\nefface")
    assert done.returncode == 0
    assert "kind create" not in done.stdout
    assert "helm upgrade" in done.stdout


def test_up_gives_the_pods_the_stores_keys_and_puts_the_demo_into_it(desk):
    with socket.create_server(("127.0.0.1", 0)) as store:
        port = str(store.getsockname()[1])
        done = run(desk, "up", S3_PORT=port)
    assert done.returncode == 0, done.stderr
    assert (desk / "infra" / "local" / "params.yaml").read_text() == "name: demo\n"
    secret = yaml.safe_load((desk / "applied").read_text())
    assert secret["metadata"]["name"] == "efface-storage"
    assert secret["stringData"] == {
        "AWS_ACCESS_KEY_ID": "minio",
        "AWS_SECRET_ACCESS_KEY": "minio",
    }
    called = (desk / "calls").read_text()
    assert f"keys minio http://127.0.0.1:{port}" in called


def test_the_status_of_no_cluster_says_how_to_make_one(desk):
    done = run(desk, "status")
    assert done.returncode == 4
    assert "up" in done.stderr


def test_kubeflow_pipelines_has_one_version():
    overlay = yaml.safe_load((LOCAL / "kubeflow" / "kustomization.yaml").read_text())
    texts = [*overlay["resources"], SCRIPT.read_text()]
    assert set(re.findall(r"ref=([\d.]+)", " ".join(texts))) == {"2.17.0"}


def test_the_node_is_a_pinned_kubernetes():
    node = yaml.safe_load((LOCAL / "kind.yaml").read_text())["nodes"][0]
    assert re.fullmatch(r"kindest/node:v1\.34\.\d+", node["image"])


def only(desk, *tools):
    """A PATH that has nothing but these tools."""
    folder = desk / "only"
    folder.mkdir()
    for tool in tools:
        found = shutil.which(tool, path=f"{desk / 'bin'}:{os.environ['PATH']}")
        (folder / tool).symlink_to(found)
    return str(folder)


def test_two_actions_at_once_are_refused_and_nothing_is_deleted(desk):
    done = run(desk, "up", "down")
    assert (done.returncode, "say one of them" in done.stderr) == (2, True)
    assert not (desk / "calls").exists()
