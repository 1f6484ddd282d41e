import json
from dataclasses import replace

import pytest
import torch

from efface.errors import CheckpointError, ConfigError
from efface.files import sha256_bytes
from efface.gate.policy import ExtractorSpec
from efface.metrics.extractor_kinds import TRAITS
from efface.metrics.extractors import KINDS, load_extractor
from efface.metrics.extractors.loading import check_extractor
from efface.metrics.extractors.small_cnn import SmallCnn, SmallCnnConfig, save
from efface.storage import open_store

FIELDS = {"channels": 1, "image_size": 16, "width": 4, "dimension": 8, "classes": 0}


@pytest.fixture
def spec(tmp_path):
    network = SmallCnn(SmallCnnConfig(name="tiny", task="tower", **FIELDS))
    return ExtractorSpec(uri="small-cnn:tower", **save(network, tmp_path / "tower"))


def test_a_place_is_relative_to_the_policy(spec, tmp_path):
    extractor = load_extractor(spec, str(tmp_path))
    assert extractor.recipe["weights_sha256"] == spec.sha256
    assert extractor.embed(torch.rand(2, 1, 16, 16)).shape == (2, 8)


def test_an_absolute_place_is_taken_as_it_is(spec, tmp_path):
    absolute = replace(spec, uri=f"small-cnn:{tmp_path / 'tower'}")
    assert load_extractor(absolute, "/elsewhere").name == "tiny"


def test_weights_of_another_hash_are_refused(spec, tmp_path):
    with pytest.raises(ConfigError, match="the policy pins '0000'"):
        load_extractor(ExtractorSpec(uri=spec.uri, sha256="0000"), str(tmp_path))


@pytest.mark.parametrize("task", ["tower", "classifier"])
def test_an_extractor_that_makes_no_numbers_of_a_grey_image_is_refused(tmp_path, task):
    classes = 3 if task == "classifier" else 0
    network = SmallCnn(SmallCnnConfig(name="tiny", task=task, **{**FIELDS, "classes": classes}))
    with torch.no_grad():
        (network.head or network.features).bias[0] = float("nan")
    spec = ExtractorSpec(uri="small-cnn:it", **save(network, tmp_path / "it"))
    with pytest.raises(CheckpointError, match=f"{tmp_path / 'it'}.* makes NaN or infinity"):
        load_extractor(spec, str(tmp_path))


def test_an_extractor_that_fails_at_a_grey_image_is_refused(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(SmallCnn, "forward", lambda *_: 1 // 0)
    with pytest.raises(CheckpointError, match=r"tower.*cannot look at a grey image \(ZeroDiv"):
        load_extractor(spec, str(tmp_path))


def test_a_configuration_of_another_hash_is_refused(spec, tmp_path):
    """Images of another size give other features with the same weights."""
    path = tmp_path / "tower" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "image_size": 8}))
    with pytest.raises(ConfigError, match="config.json in .* have sha256 .* the policy pins"):
        load_extractor(spec, str(tmp_path))


def test_the_recipe_names_the_configuration(spec, tmp_path):
    recipe = load_extractor(spec, str(tmp_path)).recipe
    assert recipe["configuration_sha256"] == spec.configuration_sha256


def test_a_kind_of_two_configuration_files_is_pinned_by_both(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for name in ("model.safetensors", "config.json", "preprocessor_config.json"):
        (folder / name).write_text(name)
    pins = {"sha256": sha256_bytes(b"model.safetensors")}
    pins["configuration_sha256"] = sha256_bytes(b"config.jsonpreprocessor_config.json")
    check_extractor(ExtractorSpec(uri="clip-vision:clip", **pins), str(tmp_path))
    (folder / "preprocessor_config.json").write_text("other")
    with pytest.raises(ConfigError, match="config.json and preprocessor_config.json in"):
        check_extractor(ExtractorSpec(uri="clip-vision:clip", **pins), str(tmp_path))


@pytest.mark.parametrize(
    "uri",
    ["small-cnn:nowhere", "clip-vision:nowhere", "inception:nowhere", "open-clip:RN50:nowhere"],
)
def test_missing_weights_are_refused(uri, tmp_path):
    with pytest.raises(CheckpointError, match="is missing"):
        load_extractor(ExtractorSpec(uri=uri, sha256="0"), str(tmp_path))


@pytest.mark.parametrize("uri", ["resnet:somewhere", "small-cnn", "small-cnn:", "open-clip:RN50"])
def test_an_uri_that_cannot_be_read_is_refused(uri, tmp_path):
    with pytest.raises(ConfigError, match="use "):
        load_extractor(ExtractorSpec(uri=uri, sha256="0"), str(tmp_path))


@pytest.fixture
def remote(spec, tmp_path, bucket, monkeypatch):
    """Where the tower lies in a bucket; there is none here any more."""
    monkeypatch.setenv("EFFACE_HOME", str(tmp_path / "home"))
    for path in (tmp_path / "tower").iterdir():
        open_store(bucket).upload(path, f"extractors/tower/{path.name}")
        path.unlink()
    return f"{bucket}/extractors"


def test_a_place_in_a_bucket_is_fetched(spec, remote, tmp_path):
    placed = replace(spec, uri=f"small-cnn:{remote}/tower")
    assert load_extractor(placed, str(tmp_path)).name == "tiny"


@pytest.mark.parametrize("uri", ["small-cnn:tower", "small-cnn:./tower"])
def test_a_place_is_relative_to_a_policy_in_a_bucket(spec, remote, uri):
    assert load_extractor(replace(spec, uri=uri), remote).name == "tiny"


def test_weights_in_a_bucket_of_another_hash_are_refused(remote):
    with pytest.raises(ConfigError, match="the policy pins '0000'"):
        load_extractor(ExtractorSpec(uri="small-cnn:tower", sha256="0000"), remote)


@pytest.mark.parametrize(
    "uri", ["small-cnn:nowhere", "open-clip:RN50:nowhere.bin", "open-clip:RN50:{remote}/nowhere"]
)
def test_weights_that_a_bucket_lacks_are_refused(remote, uri):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_extractor(ExtractorSpec(uri=uri.format(remote=remote), sha256="0"), remote)


def test_a_single_file_of_weights_is_fetched_for_an_architecture(remote, bucket):
    open_store(bucket).write("extractors/weights.bin", b"not the weights")
    placed = ExtractorSpec(uri="open-clip:RN50:weights.bin", sha256="0")
    with pytest.raises(ConfigError, match="weights.bin has sha256"):
        load_extractor(placed, remote)


def test_the_gate_knows_the_traits_of_every_kind():
    assert TRAITS.keys() == KINDS.keys()


def test_every_kind_is_named_in_the_documentation():
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


@pytest.mark.parametrize("place", ["gs://bucket/tower", "s3://"])
def test_a_place_of_another_kind_is_not_taken_for_a_path(spec, tmp_path, place):
    elsewhere = replace(spec, uri=f"small-cnn:{place}")
    with pytest.raises(CheckpointError, match="use a path or s3://bucket/prefix"):
        load_extractor(elsewhere, str(tmp_path))
