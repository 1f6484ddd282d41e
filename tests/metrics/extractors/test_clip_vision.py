import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from efface.errors import CheckpointError
from efface.metrics.extractors.clip_vision import load

SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
    "projection_dim": 8,
}
PREPROCESSOR = {"image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    CLIPVisionModelWithProjection(CLIPVisionConfig(**SHAPE)).save_pretrained(tmp_path / "tiny-clip")
    (tmp_path / "tiny-clip" / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return tmp_path


def test_gives_the_image_embeddings_of_transformers_at_unit_length(folder):
    images = torch.rand(3, 3, 28, 28)
    mean, std = (torch.tensor(PREPROCESSOR[f"image_{k}"])[:, None, None] for k in ("mean", "std"))
    reference = CLIPVisionModelWithProjection.from_pretrained(folder / "tiny-clip").eval()
    with torch.no_grad():
        wanted = reference(pixel_values=(images - mean) / std).image_embeds
    found = load("tiny-clip", folder, "abc").embed(images)
    torch.testing.assert_close(found, wanted / wanted.norm(dim=1, keepdim=True))


def test_grey_images_of_another_size_are_accepted(folder):
    extractor = load("tiny-clip", folder, "abc")
    assert extractor.embed(torch.rand(2, 1, 16, 20)).shape == (2, extractor.dimension)


def test_is_a_clip_and_its_recipe_says_how_images_are_resized(folder):
    recipe = load("tiny-clip", folder, "abc").recipe
    assert recipe["is_clip"] is True
    assert (recipe["name"], recipe["resize"]) == ("tiny-clip", "bicubic-antialias-28")


def test_a_folder_without_preprocessor_is_refused(folder):
    (folder / "tiny-clip" / "preprocessor_config.json").unlink()
    with pytest.raises(CheckpointError, match="preprocessor"):
        load("tiny-clip", folder, "abc")


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_mean": None},
        {"image_mean": 0.5},
        {"image_mean": ["a", "b", "c"]},
        {"image_mean": [0.5, 0.5]},
        {"image_mean": [float("nan")] * 3},
        {"image_std": [0, 0, 0]},
    ],
    ids=str,
)
def test_a_normalisation_that_is_none_is_refused(folder, wrong):
    path = folder / "tiny-clip" / "preprocessor_config.json"
    change(path, **wrong)
    with pytest.raises(CheckpointError, match=f"{path}: image_mean and image_std"):
        load("tiny-clip", folder, "abc")


@pytest.mark.parametrize("file", ["preprocessor_config.json", "config.json"])
@pytest.mark.parametrize("content", ["[]", "", "{", '{"a":' * 100_000])
def test_a_file_that_is_no_configuration_is_refused(folder, file, content):
    (folder / "tiny-clip" / file).write_text(content)
    with pytest.raises(CheckpointError, match=f"{file} is not a configuration in JSON"):
        load("tiny-clip", folder, "abc")


@pytest.mark.parametrize(
    "wrong",
    [
        {"patch_size": 0},
        {"image_size": [28, 28]},
        {"image_size": "x"},
        {"image_size": 10**9},
        {"projection_dim": "8"},
        {"projection_dim": 16},
        {"num_attention_heads": 0},
        {"num_attention_heads": 3},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": 1},
        {"num_channels": 1},
        {"hidden_act": "nope"},
        {"layer_norm_eps": "x"},
        {"vision_config": []},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}},
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit_is_refused(folder, wrong):
    change(folder / "tiny-clip" / "config.json", **wrong)
    with pytest.raises(CheckpointError, match=str(folder / "tiny-clip")):
        load("tiny-clip", folder, "abc")


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"transformers_weights": "other.safetensors"},
        {"configuration_files": ["config.4.0.0.json"]},
    ],
    ids=str,
)
def test_files_that_no_policy_pins_are_not_followed(folder, elsewhere):
    place, images = folder / "tiny-clip", torch.rand(3, 3, 28, 28)
    wanted = load("tiny-clip", folder, "abc").embed(images)
    state = {name: value + 1 for name, value in load_file(place / "model.safetensors").items()}
    save_file(state, place / "other.safetensors", metadata={"format": "pt"})
    shutil.copy(place / "config.json", place / "config.4.0.0.json")
    change(place / "config.4.0.0.json", hidden_act="relu")
    change(place / "config.json", **elsewhere)
    assert torch.equal(load("tiny-clip", folder, "abc").embed(images), wanted)


def test_a_whole_clip_gives_the_features_of_its_image_tower(folder):
    place, images = folder / "tiny-clip", torch.rand(3, 3, 28, 28)
    wanted = load("tiny-clip", folder, "abc").embed(images)
    state = load_file(place / "model.safetensors")
    state["text_projection.weight"] = torch.zeros(8, 16)
    save_file(state, place / "model.safetensors", metadata={"format": "pt"})
    tower = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({"model_type": "clip", "vision_config": tower}))
    assert torch.equal(load("tiny-clip", folder, "abc").embed(images), wanted)


def test_weights_that_are_not_there_are_not_drawn_at_random(folder):
    path = folder / "tiny-clip" / "model.safetensors"
    state = load_file(path)
    state.pop("visual_projection.weight")
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="visual_projection"):
        load("tiny-clip", folder, "abc")
