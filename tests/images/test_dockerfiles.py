"""What the clusters that run the images rely on, read from their Dockerfiles."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.images import CORE, GPU, VERSION

ROOT = Path(__file__).parents[2]
CLASSES = ("core", "gpu")
HADOLINT = Path(sys.executable).parent / "hadolint"
every = pytest.mark.parametrize("name", CLASSES)


def instructions(name: str) -> list[tuple[str, str]]:
    """(word, rest) of each instruction, lines joined, without comments."""
    text = (ROOT / "images" / name / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(" ", 1)) for line in joined.splitlines()]


def last_stage(name: str) -> list[tuple[str, str]]:
    found = instructions(name)
    start = max(i for i, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def test_there_is_an_image_for_every_name_that_components_use():
    assert {CORE, GPU} == {f"efface-{name}:{VERSION}" for name in CLASSES}
    assert {path.parent.name for path in ROOT.glob("images/*/Dockerfile")} == set(CLASSES)


@every
def test_hadolint_finds_nothing(name):
    path = ROOT / "images" / name / "Dockerfile"
    done = subprocess.run([HADOLINT, path], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


@every
def test_no_entrypoint_stands_before_the_command_that_kubeflow_gives(name):
    assert "ENTRYPOINT" not in dict(instructions(name))


@every
def test_the_user_is_a_number_that_kubernetes_can_tell_from_root(name):
    users = [rest for word, rest in last_stage(name) if word == "USER"]
    assert users == ["65532:65532"]


@every
def test_nothing_is_run_or_copied_after_the_user_changes(name):
    words = [word for word, _ in last_stage(name)]
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])


@every
def test_every_stage_stands_on_the_base_that_is_given(name):
    first, *_ = instructions(name)
    assert first == ("ARG", "BASE=python:3.11-slim")
    bases = [rest.split()[0] for word, rest in instructions(name) if word == "FROM"]
    assert bases == ["${BASE}", "requirements", "${BASE}"]


@every
def test_all_but_the_wheel_is_locked_by_hash(name):
    installs = [rest for word, rest in instructions(name) if "install" in rest and word == "RUN"]
    requirements, wheel = installs
    assert "--require-hashes" in requirements
    assert "--no-deps" in wheel


@every
def test_a_new_wheel_leaves_the_layer_of_the_requirements(name):
    copies = [rest for word, rest in last_stage(name) if word == "COPY"]
    assert [copy.split()[0] for copy in copies] == ["--from=requirements", "--from=wheel"]


@every
def test_what_a_task_writes_by_itself_goes_to_tmp(name):
    (settings,) = [rest for word, rest in last_stage(name) if word == "ENV"]
    assert {"HOME=/tmp", "EFFACE_HOME=/tmp/efface"} <= set(settings.split())


@every
def test_the_labels_say_what_it_is_and_of_which_version(name):
    (labels,) = [rest for word, rest in last_stage(name) if word == "LABEL"]
    assert f'org.opencontainers.image.title="efface-{name}"' in labels
    assert {"version", "revision", "licenses", "description"} <= set(
        re.findall(r"org\.opencontainers\.image\.([\w.]+)=", labels)
    )


def test_the_images_differ_only_by_what_they_need():
    def neutral(name: str) -> list[str]:
        text = "\n".join(" ".join(part) for part in instructions(name))
        return text.replace("images/core/", "images/gpu/").splitlines()

    core, gpu = neutral("core"), neutral("gpu")
    different = {line.split()[0] for line in {*core} ^ {*gpu}}
    assert different == {"RUN", "LABEL", "ENV"}


def test_the_build_sees_the_wheel_and_the_locks_and_nothing_else():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if not line.startswith("#")]
    assert rules == ["*", "!build/images/*.whl", "!images/*/requirements.txt"]


def test_without_an_engine_the_build_says_what_to_do(tmp_path):
    for word in ("bash", "dirname"):
        (tmp_path / word).symlink_to(shutil.which(word))
    command = [str(ROOT / "images" / "build.sh")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 4
    assert "neither docker nor podman answers" in done.stderr
