import json

import pytest
import torch
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


def test_weights_that_are_not_there_are_not_drawn_at_random(folder):
    from safetensors.torch import load_file, save_file

    path = folder / "tiny-clip" / "model.safetensors"
    state = load_file(path)
    state.pop("visual_projection.weight")
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="visual_projection"):
        load("tiny-clip", folder, "abc")
