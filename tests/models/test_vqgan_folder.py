import json

import pytest
import torch
from diffusers import VQModel
from safetensors.torch import load_file, save_file

from efface.errors import CheckpointError
from efface.models.checkpoint import (
    compare,
    fingerprint,
    load_model,
    read_record,
    save_model,
)
from efface.models.mae import load_mae
from efface.models.stored_tensors import tensor_names
from efface.models.vqgan_folder import load_vqgan
from tests.tiny import tiny_images, tiny_mae, tiny_vqgan

HIDDEN = (torch.arange(16) >= 8).expand(2, -1)
TRANSFORMER = "transformer/model.safetensors"
TOKENIZER = "vqvae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tmp_path):
    save_model(tiny_vqgan(), tmp_path / "m", {})
    return tmp_path / "m"


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("patchwise", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_saved_model_paints_the_same_after_loading(tmp_path, patchwise, channels):
    model = tiny_vqgan(patchwise=patchwise, channels=channels).eval()
    save_model(model, tmp_path / "m", {})
    found = load_model(tmp_path / "m")
    assert found.settings == model.settings
    shown = tiny_images(2, channels=channels).float() / 255
    assert torch.equal(found.paint(shown, HIDDEN), model.paint(shown, HIDDEN))


def test_diffusers_reads_the_tokenizer(folder):
    vqvae = VQModel.from_pretrained(folder / "vqvae", low_cpu_mem_usage=False)
    codes = load_vqgan(folder).vqvae.quantize.embedding.weight
    assert torch.equal(vqvae.quantize.embedding.weight, codes)


def test_saving_twice_gives_the_same_fingerprint_and_other_weights_another(folder, tmp_path):
    again = save_model(load_model(folder), tmp_path / "again", {})
    other = save_model(tiny_vqgan(1), tmp_path / "other", {})
    assert again == fingerprint(folder) == read_record(folder)["fingerprint"]
    assert other != again
    assert read_record(folder)["family"] == "vqgan"


def test_every_weight_is_in_the_folder_once_and_nothing_else(folder):
    names = {name.replace("/", ".") for name in tensor_names(folder)}
    assert names == set(tiny_vqgan().module.state_dict())


def test_compare_finds_nothing_in_a_model_whose_encoder_moved(folder, tmp_path):
    model = load_vqgan(folder)
    with torch.no_grad():
        for _, parameter in model.encoder_parameters():
            parameter.add_(0.1)
    save_model(model, tmp_path / "after", {})
    assert not any(vars(compare(folder, tmp_path / "after")).values())


@pytest.mark.parametrize(
    "name", ["transformer.embedding.weight", "vqvae.quantize.embedding.weight"]
)
def test_compare_names_what_moved_outside_the_encoder(folder, tmp_path, name):
    model = load_vqgan(folder)
    with torch.no_grad():
        dict(model.named_parameters())[name].add_(0.1)
    save_model(model, tmp_path / "after", {})
    assert compare(folder, tmp_path / "after").moved_outside_encoder == [name]


@pytest.mark.parametrize("file", [TRANSFORMER, TOKENIZER])
def test_a_tensor_that_is_missing_left_over_or_of_another_shape_is_refused(folder, file):
    weights = load_file(folder / file)
    name = sorted(weights)[0]
    for wrong in (
        {key: value for key, value in weights.items() if key != name},
        {**weights, "teacher.weight": torch.zeros(2)},
        {**weights, name: torch.zeros(3, 3, 3)},
    ):
        save_file(wrong, folder / file, {"format": "pt"})
        with pytest.raises(CheckpointError, match="not the weights of|not a readable"):
            load_model(folder)


@pytest.mark.parametrize("file", [TRANSFORMER, TOKENIZER])
@pytest.mark.parametrize("cut", [4, 200, -10], ids=["in-size", "in-header", "in-data"])
def test_a_cut_file_is_refused(folder, file, cut):
    path = folder / file
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="not a readable"):
        load_model(folder)
    with pytest.raises(CheckpointError, match="copy it again"):
        fingerprint(folder)


@pytest.mark.parametrize(
    "file",
    [TRANSFORMER, TOKENIZER, "vqvae/config.json", "transformer/config.json"],
)
def test_a_missing_file_is_refused(folder, file):
    (folder / file).unlink()
    with pytest.raises(CheckpointError, match=str(folder / file.partition("/")[0])):
        load_model(folder)


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("model_index.json", {"rounds": 0}, "rounds must be a whole number above 0, got 0"),
        ("model_index.json", {"patchwise": 1}, "patchwise must be true or false, got 1"),
        ("model_index.json", {"image_std": [0]}, "image_std above 0"),
        ("model_index.json", {"image_mean": ["a"]}, "must be lists of numbers"),
        ("model_index.json", {"image_mean": [0.5] * 3}, "need 1 numbers each"),
        ("transformer/config.json", {"num_layers": 3}, "not the weights of .* missing"),
        ("transformer/config.json", {"num_layers": 1}, "not the weights of .* unknown"),
        ("transformer/config.json", {"hidden_size": 32}, "not a readable token transformer"),
        ("transformer/config.json", {"codebook_size": "many"}, "codebook_size must be a whole"),
        ("vqvae/config.json", {"layers_per_block": 1}, "not the weights of"),
        ("vqvae/config.json", {"latent_channels": 8}, "not a readable VQModel"),
        ("vqvae/config.json", {"down_block_types": ["Nothing"] * 3}, "not a readable VQModel"),
    ],
)
def test_a_setting_that_is_wrong_or_does_not_fit_the_weights_is_refused(
    folder, file, values, message
):
    change(folder / file, **values)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


def test_a_missing_setting_is_named(folder):
    index = json.loads((folder / "model_index.json").read_text())
    del index["rounds"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="rounds missing"):
        load_model(folder)


def test_a_setting_given_twice_is_refused(folder):
    path = folder / "transformer" / "config.json"
    path.write_text(path.read_text().replace("{", '{"num_layers": 2, ', 1))
    with pytest.raises(CheckpointError, match="key num_layers given twice"):
        load_model(folder)


def test_networks_of_two_models_are_refused(folder):
    weights = load_file(folder / TOKENIZER)
    codes = "quantize.embedding.weight"
    save_file({**weights, codes: weights[codes][:16].clone()}, folder / TOKENIZER, {"format": "pt"})
    change(folder / "vqvae" / "config.json", num_vq_embeddings=16)
    with pytest.raises(CheckpointError, match="tokenizer has 16 codes and the transformer 32"):
        load_model(folder)


def test_the_folder_of_another_family_is_refused(folder, tmp_path):
    tiny_mae().save(tmp_path / "mae")
    with pytest.raises(CheckpointError, match=r"model_index\.json is missing"):
        load_vqgan(tmp_path / "mae")
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json is missing"):
        load_mae(folder)
    change(folder / "model_index.json", _class_name="DDPMPipeline")
    with pytest.raises(CheckpointError, match="'DDPMPipeline', a token painter's is 'Efface"):
        load_vqgan(folder)
