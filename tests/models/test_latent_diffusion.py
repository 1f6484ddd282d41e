import json
import shutil
import warnings

import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file

from efface.errors import CheckpointError
from efface.models.checkpoint import load_model, save_model
from efface.models.latent_diffusion import default_settings
from efface.models.stored_tensors import hash_tensors, tensor_names
from tests.tiny import LATENT_UNET, tiny_images, tiny_latent

HIDDEN = (torch.arange(16) >= 8).expand(2, -1)


@pytest.fixture
def folder(tmp_path):
    save_model(tiny_latent(), tmp_path / "model", {})
    return tmp_path / "model"


def pipeline(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own
        found = StableDiffusionInpaintPipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    found.set_progress_bar_config(disable=True)
    return found


def test_a_saved_folder_is_one_of_the_library_s_own_pipeline(folder):
    found = pipeline(folder)
    assert found.unet.config.in_channels == 9
    assert found.safety_checker is None


def test_a_folder_that_the_library_saved_loads_without_settings_of_ours(folder, tmp_path):
    pipeline(folder).save_pretrained(tmp_path / "theirs")
    assert not (tmp_path / "theirs" / "inpainting.json").exists()
    model = load_model(tmp_path / "theirs")
    assert (model.image_size, model.channels, model.grid) == (16, 3, (8, 8))
    assert hash_tensors(tmp_path / "theirs") == hash_tensors(folder)


def test_weights_with_the_names_of_older_versions_load(folder):
    wanted = load_model(folder).module.state_dict()
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    for now, then in old.items():
        weights = {name.replace(f".{now}.", f".{then}."): w for name, w in weights.items()}
    save_file(weights, path, {"format": "pt"})
    path = folder / "text_encoder" / "model.safetensors"
    weights = {f"text_model.{name}": w for name, w in load_file(path).items()}
    weights["text_model.embeddings.position_ids"] = torch.arange(6)[None]
    save_file(weights, path, {"format": "pt"})
    found = load_model(folder).module.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_the_prompt_is_what_the_library_makes_of_no_words(folder):
    theirs, _ = pipeline(folder).encode_prompt("", torch.device("cpu"), 1, False)
    assert torch.allclose(load_model(folder).words(1), theirs, atol=1e-6)


def test_every_weight_is_in_the_module_and_in_the_files(folder):
    names = load_model(folder).module.state_dict().keys()
    assert {name.replace("/", ".", 1) for name in tensor_names(folder)} == set(names)


def test_the_unet_is_asked_with_noisy_latents_mask_and_masked_latents():
    model = tiny_latent().eval()
    shown = tiny_images(2, channels=3).float() / 255
    times, noise = model._chance(shown, torch.tensor([1, 2]))
    asked, holes = model._input(shown, shown, HIDDEN, times, noise)
    grey = shown.clone()
    grey[:, :, 8:] = 0.5
    factor = model.vae.config.scaling_factor
    with torch.no_grad():
        clean, masked = (
            model.vae.encode(2 * picture - 1).latent_dist.mode() * factor
            for picture in (shown, grey)
        )
    assert torch.equal(asked[:, :4], model.scheduler.add_noise(clean, noise, times))
    assert torch.equal(asked[:, 4:5].bool(), holes)
    assert holes[:, :, 4:].all()
    assert not holes[:, :, :4].any()
    assert torch.equal(asked[:, 5:], masked)


def test_a_model_that_was_not_made_for_in_painting_is_refused(folder):
    UNet2DConditionModel(**LATENT_UNET, in_channels=4).save_pretrained(folder / "unet")
    with pytest.raises(CheckpointError, match="takes 4 channels; in-painting takes 9"):
        load_model(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(folder, part):
    shutil.rmtree(folder / part)
    with pytest.raises(CheckpointError, match=part):
        load_model(folder)


def test_damaged_weights_are_refused(folder):
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="not a readable AutoencoderKL"):
        load_model(folder)


def test_parts_of_two_models_are_refused(folder):
    unet = UNet2DConditionModel(**{**LATENT_UNET, "cross_attention_dim": 12}, in_channels=9)
    unet.save_pretrained(folder / "unet")
    with pytest.raises(CheckpointError, match="of two models"):
        load_model(folder)


def test_a_tokenizer_of_more_words_than_the_text_encoder_reads_is_refused(folder):
    path = folder / "tokenizer" / "vocab.json"
    path.write_text(path.read_text().replace('"<|endoftext|>": 1', '"<|endoftext|>": 9'))
    with pytest.raises(CheckpointError, match="gives word 9 to a text encoder of 4"):
        load_model(folder)


def test_a_size_is_needed_without_settings_of_ours_too(folder):
    (folder / "inpainting.json").unlink()
    path = folder / "unet" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sample_size": [8, 8]}))
    with pytest.raises(CheckpointError, match="unet: sample_size is .8, 8.: give one whole"):
        load_model(folder)


def test_the_scheduler_of_the_published_models_is_read(folder):
    path = folder / "scheduler" / "scheduler_config.json"
    published = {"_class_name": "PNDMScheduler", "skip_prk_steps": True}
    path.write_text(json.dumps({**json.loads(path.read_text()), **published}))
    assert load_model(folder).scheduler.config.steps_offset == 1


@pytest.mark.parametrize(("image", "cell", "patch"), [(512, 8, 32), (256, 8, 16), (64, 8, 8)])
def test_patches_are_whole_latents_and_up_to_sixteen_in_a_row(image, cell, patch):
    assert default_settings(image, cell).patch_size == patch
