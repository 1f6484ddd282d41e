import json

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from efface.errors import CheckpointError, ConfigError
from efface.metrics.extractors.open_clip import load

TINY = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 28, "layers": 1, "width": 64, "patch_size": 14},
    "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 64, "heads": 1, "layers": 1},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny-open-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(tmp_path / "tiny-open-clip.json")
    torch.manual_seed(0)
    model = open_clip.create_model("tiny-open-clip", load_weights=False)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    return tmp_path


def test_gives_the_image_embeddings_of_open_clip(folder):
    model = open_clip.create_model(
        "tiny-open-clip", pretrained=str(folder / "weights.safetensors")
    ).eval()
    settings = open_clip.get_model_preprocess_cfg(model)
    mean, std = (torch.tensor(settings[k])[:, None, None] for k in ("mean", "std"))
    images = torch.rand(3, 3, 28, 28)
    with torch.no_grad():
        wanted = model.encode_image((images - mean) / std, normalize=True)
    extractor = load("tiny-open-clip:weights.safetensors", folder, "abc")
    torch.testing.assert_close(extractor.embed(images), wanted)
    assert (extractor.name, extractor.dimension) == ("open-clip-tiny-open-clip", 8)


def test_weights_of_another_architecture_are_refused(folder):
    save_file({"visual.proj": torch.zeros(3, 3)}, folder / "other.safetensors")
    with pytest.raises(CheckpointError, match="not a readable file of weights of tiny-open-clip"):
        load("tiny-open-clip:other.safetensors", folder, "abc")


def test_an_unknown_architecture_is_refused(folder):
    with pytest.raises(ConfigError, match="ViT-H-14"):
        load("ViT-Q-99:weights.safetensors", folder, "abc")
