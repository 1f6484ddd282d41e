import json

import pytest
import yaml

from efface.errors import ConfigError
from tests.cluster.live.environment import REQUIRED, read_environment
from tests.cluster.live.release import HELD, MADE_BY, install, split_image, values

GIVEN = {
    **{name: f"value of {name}" for name in REQUIRED},
    "EFFACE_CORE_IMAGE": "registry:5000/ml/efface-core:0.1.0",
    "EFFACE_GPU_IMAGE": "registry:5000/ml/efface-gpu:0.1.0",
}
ROOT = "s3://bucket/test"


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("efface-core:0.1.0", ("", "efface-core", "0.1.0")),
        ("registry:5000/ml/efface-core:0.1.0", ("registry:5000/ml", "efface-core", "0.1.0")),
        ("docker.io/library/efface-gpu:dev", ("docker.io/library", "efface-gpu", "dev")),
    ],
)
def test_an_image_is_split_as_the_chart_wants_it(image, parts):
    assert split_image(image) == parts


@pytest.mark.parametrize("image", ["efface-core", "registry:5000/efface-core", "efface@sha256:0"])
def test_an_image_without_a_tag_is_refused(image):
    with pytest.raises(ConfigError, match="needs a tag"):
        split_image(image)


def test_images_of_two_registries_are_refused():
    given = {**GIVEN, "EFFACE_GPU_IMAGE": "efface-gpu:0.1.0"}
    with pytest.raises(ConfigError, match="the same registry and tag"):
        values(read_environment(given), ROOT)


def test_the_values_hold_no_secret():
    given = {**GIVEN, "AWS_ACCESS_KEY_ID": "not-this", "AWS_SECRET_ACCESS_KEY": "nor-that"}
    text = yaml.safe_dump(values(read_environment(given), ROOT))
    assert "not-this" not in text
    assert "nor-that" not in text


def stand_ins(folder, monkeypatch, **found):
    """helm and kubectl that answer what is there, and write down how they are called."""
    calls = folder / "calls"
    objects = {"secrets": [], "services": [], "namespaces": [], HELD: []} | found
    for tool, answers in {"helm": {}, "kubectl": objects}.items():
        cases = "".join(
            f"*' get {what} '*) echo '{json.dumps({'items': items})}' ;;\n"
            for what, items in answers.items()
        )
        script = f'#!/bin/sh\necho "{tool} $*" >> {calls}\ncase " $* " in\n{cases}esac\n'
        (folder / tool).write_text(script)
        (folder / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return calls


def named(name, **more):
    return [{"metadata": {"name": name, **more}}]


@pytest.mark.parametrize(
    ("kind", "name"), [("secrets", "efface"), ("secrets", "efface-storage"), (HELD, "claim")]
)
def test_what_a_release_has_left_is_neither_overwritten_nor_deleted(
    kind, name, tmp_path, monkeypatch
):
    calls = stand_ins(tmp_path, monkeypatch, namespaces=named("efface"), **{kind: named(name)})
    with pytest.raises(ConfigError, match="efface.* there already"):
        install(read_environment(GIVEN), ROOT)
    assert "apply" not in calls.read_text()
    assert "delete" not in calls.read_text()


@pytest.mark.parametrize(("labels", "secrets"), [({}, []), (MADE_BY, named("efface"))])
def test_an_empty_namespace_and_that_of_an_earlier_test_are_used(
    labels, secrets, tmp_path, monkeypatch
):
    there = named("efface", labels=labels)
    calls = stand_ins(tmp_path, monkeypatch, namespaces=there, secrets=secrets)
    install(read_environment(GIVEN), ROOT)
    assert "helm install efface" in calls.read_text()
