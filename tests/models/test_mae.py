import json

import pytest
import torch
from transformers import ViTMAEConfig, ViTMAEForPreTraining

from efface.errors import CheckpointError
from efface.models.mae import SIZES, load_mae
from efface.models.masks import draw_mask, draw_masks, parse_mask_policy
from tests.tiny import tiny_images, tiny_mae

CENTRE = draw_mask(parse_mask_policy("centre:2x2"), (4, 4), torch.Generator())


def images(count=3, channels=1):
    return tiny_images(count, channels=channels).float() / 255


def test_painting_keeps_visible_pixels_and_changes_hidden_ones():
    shown = images()
    painted = tiny_mae().eval().paint(shown, CENTRE.expand(3, -1))
    assert torch.equal(painted[:, :, :4], shown[:, :, :4])
    assert not torch.equal(painted[:, :, 4:12, 4:12], shown[:, :, 4:12, 4:12])
    assert ((painted >= 0) & (painted <= 1)).all()


def test_hidden_pixels_have_no_influence_on_features():
    first = images()
    second = first.clone()
    second[:, :, 4:12, 4:12] = 0
    model = tiny_mae().eval()
    hidden = CENTRE.expand(3, -1)
    assert torch.equal(model.encode(first, hidden), model.encode(second, hidden))


def test_features_have_a_row_for_each_visible_patch_and_the_class_token():
    assert tiny_mae().encode(images(), CENTRE.expand(3, -1)).shape == (3, 1 + 12, 16)


@pytest.mark.parametrize("visible", range(1, 16))
def test_no_patch_is_lost_to_rounding_whatever_the_share(visible):
    hidden = torch.arange(16)[None] >= visible
    assert tiny_mae().encode(images(1), hidden).shape[1] == 1 + visible


def test_each_image_of_a_batch_may_have_its_own_mask():
    masks = draw_masks(parse_mask_policy("random:0.5"), (4, 4), 3, seed=0)
    model = tiny_mae().eval()
    together = model.paint(images(), masks)
    alone = torch.cat([model.paint(i[None], m[None]) for i, m in zip(images(), masks, strict=True)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_masks_that_hide_unequal_counts_are_refused():
    uneven = torch.stack([torch.arange(16) >= 4, torch.arange(16) >= 5])
    with pytest.raises(ValueError, match="equally many"):
        tiny_mae().encode(images(2), uneven)


def test_positions_are_not_zero_in_a_fresh_model():
    network = tiny_mae().network
    assert network.vit.embeddings.position_embeddings.abs().mean() > 0.1
    assert network.decoder.decoder_pos_embed.abs().mean() > 0.1


def test_only_encoder_weights_may_move():
    names = {name for name, _ in tiny_mae().encoder_parameters()}
    assert names
    assert all(name.startswith("vit.") for name in names)
    assert not any("position_embeddings" in name for name in names)


def test_a_checkpoint_of_normalised_patches_paints_in_the_range_of_the_image():
    shown = images() * 0.2 + 0.4
    painted = tiny_mae(norm_pix_loss=True).eval().paint(shown, CENTRE.expand(3, -1))
    hole = painted[:, :, 4:12, 4:12]
    assert 0.2 < hole.mean().item() < 0.8


def test_a_transformers_folder_loads_and_paints_like_the_library(tmp_path):
    torch.manual_seed(0)
    config = ViTMAEConfig(
        image_size=32, patch_size=8, num_channels=3, hidden_size=24, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=48, decoder_hidden_size=16,
        decoder_num_hidden_layers=1, decoder_num_attention_heads=2, decoder_intermediate_size=32,
        mask_ratio=0.25,
    )  # fmt: skip
    network = ViTMAEForPreTraining(config).eval()
    network.save_pretrained(tmp_path)
    settings = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    model = load_mae(tmp_path).eval()
    shown = torch.rand(2, 3, 32, 32)
    hidden = draw_mask(parse_mask_policy("centre:2x2"), (4, 4), torch.Generator()).expand(2, -1)
    mean, std = (torch.tensor(settings[k]).reshape(3, 1, 1) for k in ("image_mean", "image_std"))
    noise = torch.arange(16) + 16.0 * hidden
    expected = network((shown - mean) / std, noise=noise)
    theirs = network.unpatchify(expected.logits) * std + mean
    ours = model.decode(model.encode(shown, hidden), hidden)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_folder_without_preprocessor_is_refused(tmp_path):
    tiny_mae().network.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json is missing"):
        load_mae(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b"\xff", b"[" * 100_000, b"{}", b'{"image_mean": [0.5], "image_std": [0]}'],
    ids=["cut", "list", "bytes", "deep", "empty", "zero"],
)
def test_a_damaged_preprocessor_is_refused_and_named(tmp_path, content):
    tiny_mae().save(tmp_path)
    (tmp_path / "preprocessor_config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match="preprocessor_config.json"):
        load_mae(tmp_path)


@pytest.mark.parametrize("value", [0, -1, "x", None, 3.5, [4, 4], True, 10**30], ids=repr)
@pytest.mark.parametrize("name", sorted(SIZES))
def test_a_size_that_no_network_has_is_refused_and_named(tmp_path, name, value):
    path = tmp_path / "config.json"
    for file, content in (("config.json", {name: value}), ("preprocessor_config.json", {})):
        (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=f"{path}: {name} must be a whole number from 1 to"):
        load_mae(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num_channels": 2}, "num_channels must be 1 .grey. or 3 .colour., got 2"),
        ({"transformers_weights": "other.safetensors"}, "transformers_weights names other files"),
        ({"configuration_files": ["config.4.0.0.json"]}, "configuration_files names other files"),
        ({"hidden_act": "foo"}, "not a readable ViT-MAE checkpoint: KeyError 'foo'"),
        ({"layer_norm_eps": "x"}, "not a readable .*'layer_norm_eps' expected float, got str"),
        ({"id2label": 3}, "not a readable ViT-MAE checkpoint: AttributeError"),
        ({"hidden_size": 24}, "not a readable ViT-MAE checkpoint"),
        ({"image_size": 17}, "patch_size 4 must divide the image .17 pixels. into several"),
    ],
)
def test_a_setting_that_the_library_trips_over_is_refused_in_one_line(tmp_path, settings, said):
    tiny_mae().save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **settings}))
    with pytest.raises(CheckpointError, match=rf"{said}.*\Z"):
        load_mae(tmp_path)


def test_weights_of_another_shape_are_refused(tmp_path):
    tiny_mae().save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_size": 32}))
    with pytest.raises(CheckpointError):
        load_mae(tmp_path)


def test_weights_of_fewer_layers_are_refused(tmp_path):
    tiny_mae().save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(CheckpointError, match="not the weights of .* missing"):
        load_mae(tmp_path)


def test_own_loss_with_norm_pix_loss_is_that_of_transformers():
    model, hidden = tiny_mae(norm_pix_loss=True).eval(), CENTRE.expand(3, -1)
    found = model.own_loss(images(), images(), hidden)
    model.encode(images(), hidden)  # sets the ratio that transformers hides
    keys = torch.arange(16) + hidden * 16.0
    pixels = (images() - model._mean) / model._std
    assert torch.allclose(found, model.network(pixel_values=pixels, noise=keys).loss, rtol=1e-4)


def test_own_loss_paints_what_is_wanted_from_what_is_given():
    model, hidden = tiny_mae().eval(), CENTRE.expand(3, -1)
    painted = model.decode(model.encode(images(), hidden), hidden)
    assert model.own_loss(images(), painted.detach(), hidden).item() < 1e-10
