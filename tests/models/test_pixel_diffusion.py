import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file

from efface.data.reading import read_images
from efface.errors import CheckpointError, InputError
from efface.models.checkpoint import load_model, save_model
from efface.models.inpainting_settings import InpaintingSettings
from efface.models.masks import draw_masks, parse_mask_policy, pixel_mask
from efface.models.pixel_diffusion import new_pixel_diffusion
from efface.models.stored_tensors import tensor_names
from tests.tiny import PIXEL_UNET, tiny_diffusion, tiny_images

DEMO = Path(__file__).parents[2] / "examples" / "fashion"
HIDDEN = (torch.arange(16) >= 8).expand(2, -1)


@pytest.fixture
def folder(tmp_path):
    save_model(tiny_diffusion(), tmp_path / "model", {})
    return tmp_path / "model"


def change(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_folder_has_the_layout_of_a_pipeline_and_holds_the_unet_alone(folder):
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == "EffacePixelInpainting"
    assert index["unet"] == ["diffusers", "UNet2DModel"]
    assert {name.split("/")[0] for name in tensor_names(folder)} == {"unet"}
    assert UNet2DModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).config.in_channels


def test_settings_are_kept(folder):
    model = load_model(folder)
    assert model.settings == InpaintingSettings(patch_size=4, steps=4, levels=3)
    assert (model.image_size, model.grid, model.channels, model.levels) == (16, (4, 4), 1, 3)


def test_noise_is_in_the_hole_alone_and_the_masked_picture_is_zero_there():
    model = tiny_diffusion()
    shown = tiny_images(2).float() / 255
    times, noise = model._chance(shown, torch.tensor([1, 2]))
    asked, holes = model._input(shown, shown, HIDDEN, times, noise)
    noisy, masked, mask = asked.split(1, dim=1)
    assert torch.equal(mask.bool(), holes)
    assert torch.equal(noisy[~holes], (shown * 2 - 1)[~holes])
    assert (masked[holes] == 0).all()
    expected = model.scheduler.add_noise(shown * 2 - 1, noise, times)
    assert torch.equal(noisy[holes], expected[holes])


def test_colour_pictures_are_painted_too():
    model = tiny_diffusion(out_channels=3).eval()
    assert model.unet.config.in_channels == 7
    assert model.paint(tiny_images(2, channels=3).float() / 255, HIDDEN).shape == (2, 3, 16, 16)


@pytest.mark.parametrize("part", ["unet", "scheduler", "inpainting.json"])
def test_a_missing_part_is_named(folder, part):
    place = folder / part
    place.unlink() if place.is_file() else shutil.rmtree(place)
    with pytest.raises(InputError, match=part):
        load_model(folder)


def test_missing_weights_are_refused(folder):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"not a readable UNet2DModel.*\Z"):  # one line
        load_model(folder)


def test_weights_of_another_shape_are_refused(folder):
    change(folder / "unet" / "config.json", block_out_channels=[4, 16])
    with pytest.raises(CheckpointError, match="unet"):
        load_model(folder)


def test_weights_that_lack_tensors_are_refused(folder):
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    weights.pop("conv_out.bias")
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"not the weights of .*conv_out\.bias"):
        load_model(folder)


def test_a_unet_that_takes_no_mask_is_refused(folder):
    unet = UNet2DModel(**PIXEL_UNET, in_channels=1)
    unet.save_pretrained(folder / "unet")
    with pytest.raises(CheckpointError, match=r"takes 1 channels and gives 1; in-painting .* 3"):
        load_model(folder)


def test_a_unet_that_asks_for_a_class_is_refused(folder):
    unet = UNet2DModel(**PIXEL_UNET, in_channels=3, num_class_embeds=5)
    unet.save_pretrained(folder / "unet")
    with pytest.raises(CheckpointError, match="num_class_embeds not supported"):
        load_model(folder)


def test_a_model_that_does_not_predict_noise_is_refused(folder):
    change(folder / "scheduler" / "scheduler_config.json", prediction_type="v_prediction")
    with pytest.raises(CheckpointError, match="'v_prediction' is not supported"):
        load_model(folder)


@pytest.mark.parametrize(
    "wrong", [{"num_train_timesteps": "many"}, {"beta_start": "x"}, {"beta_schedule": "foo"}]
)
def test_a_noise_schedule_that_is_none_is_refused(folder, wrong):
    change(folder / "scheduler" / "scheduler_config.json", **wrong)
    with pytest.raises(CheckpointError, match="scheduler: not a readable noise schedule"):
        load_model(folder)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"beta_start": float("nan")}, "share of signal from 0 to 1 at each of its 1000 timesteps"),
        ({"beta_start": 2}, "share of signal from 0 to 1"),
        ({"beta_end": 1.0}, "a sampler of 4 steps ends with NaN or infinity"),
        ({"trained_betas": [0.1] * 3}, "share of signal from 0 to 1"),
        ({"timestep_spacing": "foo"}, "not a readable noise schedule: foo is not supported"),
        ({"timestep_spacing": "leading", "steps_offset": 2000}, "schedule: IndexError index 2750"),
        ({"clip_sample_range": "x"}, "not a readable noise schedule: TypeError"),
        ({"clip_sample_range": float("nan")}, "ends with NaN or infinity: copy scheduler_config"),
    ],
)
def test_a_noise_schedule_that_no_sampler_can_use_is_refused(folder, wrong, message):
    change(folder / "scheduler" / "scheduler_config.json", **wrong)
    with pytest.raises(CheckpointError, match=f"{folder}/scheduler: .*{message}"):
        load_model(folder)


@pytest.mark.parametrize("file", ["unet/config.json", "scheduler/scheduler_config.json"])
@pytest.mark.parametrize("content", ["[1]", '{"a":' * 100_000], ids=["list", "deep"])
def test_a_configuration_that_is_no_json_object_is_named(folder, file, content):
    (folder / file).write_text(content)
    with pytest.raises(CheckpointError, match=f"{file} is not a configuration in JSON"):
        load_model(folder)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sample_size": None}, "sample_size is None"),
        ({"sample_size": [32, 16]}, "sample_size is"),
        ({"norm_num_groups": 0}, "not a readable UNet2DModel"),
    ],
)
def test_a_unet_that_cannot_be_built_is_refused(folder, wrong, message):
    change(folder / "unet" / "config.json", **wrong)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


@pytest.mark.parametrize("patch", [3, 16])
def test_a_patch_must_divide_the_image_into_several(patch):
    with pytest.raises(CheckpointError, match=f"patch_size {patch} must divide the image"):
        new_pixel_diffusion(PIXEL_UNET, InpaintingSettings(patch_size=patch))


def test_the_demo_model_is_small_and_paints_nearer_to_the_picture_than_grey_does():
    assert (DEMO / "diffusion" / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size < (
        4 * 2**20
    )
    model = load_model(DEMO / "diffusion")
    model.settings = dataclasses.replace(model.settings, steps=5)
    raw, _ = read_images(DEMO / "data", size=32, channels=1, rows=list(range(0, 11500, 1437)))
    shown = torch.from_numpy(raw).float() / 255
    hidden = draw_masks(parse_mask_policy("centre:4x4"), model.grid, 1, 0).expand(len(shown), -1)
    holes = pixel_mask(hidden, model.grid, (32, 32))
    painted = model.paint(shown, hidden)
    error = (painted - shown)[holes].abs().mean()
    grey = (shown[~holes].mean() - shown)[holes].abs().mean()
    assert error < 0.75 * grey
