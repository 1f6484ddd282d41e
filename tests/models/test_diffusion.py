"""What both kinds of in-painting diffusion promise."""

from dataclasses import replace

import pytest
import torch

from efface.errors import CheckpointError
from efface.models.checkpoint import compare, load_model, save_model
from efface.models.masks import draw_mask, draw_masks, parse_mask_policy
from efface.models.pixel_diffusion import PixelDiffusion
from efface.models.protocol import ImageToImageModel
from tests.tiny import tiny_diffusion, tiny_images, tiny_latent

CENTRE = draw_mask(parse_mask_policy("centre:2x2"), (4, 4), torch.Generator())
SEEDS = torch.tensor([4, 7, 11])

both = pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])


def pictures(model: ImageToImageModel, count: int = 3, seed: int = 0) -> torch.Tensor:
    return tiny_images(count, seed=seed, channels=model.channels).float() / 255


@both
def test_painting_keeps_visible_pixels_and_stays_in_range(make):
    model = make().eval()
    shown = pictures(model)
    painted = model.paint(shown, CENTRE.expand(3, -1))
    assert torch.equal(painted[:, :, :4], shown[:, :, :4])
    assert torch.equal(painted[..., 12:], shown[..., 12:])
    assert not torch.equal(painted[:, :, 4:12, 4:12], shown[:, :, 4:12, 4:12])
    assert ((painted >= 0) & (painted <= 1)).all()


@both
def test_painting_again_gives_the_same_answer_and_another_picture_another(make):
    model = make().eval()
    first, second = pictures(model, 1), pictures(model, 1, seed=1)
    hidden = CENTRE.expand(1, -1)
    hole = (..., slice(4, 12), slice(4, 12))
    assert torch.equal(model.paint(first, hidden), model.paint(first, hidden))
    assert not torch.allclose(
        model.paint(first, hidden)[hole], model.paint(second, hidden)[hole], atol=1e-2
    )


@both
def test_painting_does_not_look_into_the_hole(make):
    model = make().eval()
    shown = pictures(model)
    blank = shown.clone()
    blank[:, :, 4:12, 4:12] = 0
    hidden = CENTRE.expand(3, -1)
    assert torch.equal(model.paint(shown, hidden), model.paint(blank, hidden))


@both
def test_painting_does_not_depend_on_the_rest_of_the_batch(make):
    model = make().eval()
    shown = pictures(model)
    masks = draw_masks(parse_mask_policy("random:0.5"), (4, 4), 3, seed=0)
    together = model.paint(shown, masks)
    alone = torch.cat([model.paint(i[None], m[None]) for i, m in zip(shown, masks, strict=True)])
    assert torch.allclose(together, alone, atol=1e-4)


@both
def test_bytes_and_floats_are_the_same_picture(make):
    model = make().eval()
    raw = tiny_images(2, channels=model.channels)
    hidden = CENTRE.expand(2, -1)
    with torch.no_grad():
        assert torch.equal(model.encode(raw, hidden), model.encode(raw.float() / 255, hidden))
    assert torch.equal(model.paint(raw, hidden), model.paint(raw.float() / 255, hidden))


@both
def test_features_are_one_row_and_depend_on_picture_mask_level_and_noise(make):
    model = make().eval()
    shown, hidden = pictures(model, 1), CENTRE[None]

    def features(picture=shown, mask=hidden, seed=0):
        with torch.no_grad():
            return model.encode(picture, mask, torch.tensor([seed]))

    found = features()
    assert found.shape[:2] == (1, 1)
    assert torch.equal(found, features())
    assert torch.equal(found, model.encode(shown, hidden))  # no seed means 0
    others = [
        features(picture=pictures(model, 1, seed=1)),
        features(mask=~hidden),
        features(seed=1),  # another level
        features(seed=model.levels),  # the same level, other noise
    ]
    assert all(not torch.allclose(found, other, atol=1e-3) for other in others)


@both
def test_features_of_an_image_do_not_depend_on_the_rest_of_the_batch(make):
    model = make().eval()
    shown = pictures(model)
    with torch.no_grad():
        together = model.encode(shown, CENTRE.expand(3, -1), SEEDS)
        alone = model.encode(shown[1:2], CENTRE[None], SEEDS[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-5)


@both
def test_what_goes_through_in_parts_comes_out_the_same(make):
    model = make().eval()
    shown, hidden = pictures(model), CENTRE.expand(3, -1)

    def answers():
        with torch.no_grad():
            return model.paint(shown, hidden), model.encode(shown, hidden, SEEDS)

    whole = answers()
    model.at_once = 2
    for first, second in zip(whole, answers(), strict=True):
        assert torch.allclose(first, second, atol=1e-4)


@both
def test_each_level_is_the_middle_of_its_stratum_of_timesteps(make):
    model = make()
    times, _ = model._chance(pictures(model), torch.tensor([0, 1, 5]))
    assert times.tolist() == [166, 500, 833]


@pytest.mark.parametrize("name", ["steps", "levels"])
def test_more_steps_or_levels_than_the_schedule_has_timesteps_are_refused(name):
    model = tiny_diffusion()
    too_many = replace(model.settings, **{name: 1001})
    with pytest.raises(CheckpointError, match=f"{name} is 1001: the scheduler has 1000"):
        PixelDiffusion(model.unet, model.scheduler, too_many)


@both
def test_unweighted_own_loss_is_the_error_of_the_predicted_noise_in_the_hole(make):
    model = make().eval()
    model.settings = replace(model.settings, largest_weight=1)
    given, wanted = pictures(model), pictures(model, seed=1)
    hidden = CENTRE.expand(3, -1)
    with torch.no_grad():
        found = model.own_loss(given, wanted, hidden, SEEDS)
        times, noise = model._chance(given, SEEDS)
        asked, holes = model._input(given, wanted, hidden, times, noise)
        error = (model._predict(asked, times) - noise).square()
    assert torch.allclose(found, error[holes.expand_as(error)].mean(), rtol=1e-5)


@both
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_unbounded_own_loss_is_the_error_of_the_velocity(make, seed):
    model = make().eval()
    model.settings = replace(model.settings, largest_weight=10**6)
    given, wanted, hidden = pictures(model)[:1], pictures(model, seed=1)[:1], CENTRE[None]
    with torch.no_grad():
        found = model.own_loss(given, wanted, hidden, torch.tensor([seed]))
        times, noise = model._chance(given, torch.tensor([seed]))
        asked, holes = model._input(given, wanted, hidden, times, noise)
        predicted, target = model._predict(asked, times), model.canvas(wanted)
        noisy = model.scheduler.add_noise(target, noise, times)
        signal = model.scheduler.alphas_cumprod[times][:, None, None, None]
        picture = (noisy - (1 - signal).sqrt() * predicted) / signal.sqrt()
        velocity = signal.sqrt() * predicted - (1 - signal).sqrt() * picture
        error = (velocity - model.scheduler.get_velocity(target, noise, times)).square()
    assert torch.allclose(found, error[holes.expand_as(error)].mean(), rtol=1e-3)


@both
def test_own_loss_sees_what_is_wanted_and_not_what_lies_in_the_hole_of_the_given(make):
    model = make().eval()
    given, wanted = pictures(model), pictures(model, seed=1)
    blank = given.clone()
    blank[:, :, 4:12, 4:12] = 0
    hidden = CENTRE.expand(3, -1)
    with torch.no_grad():
        found = model.own_loss(given, wanted, hidden, SEEDS)
        assert torch.equal(found, model.own_loss(blank, wanted, hidden, SEEDS))
        assert not torch.allclose(found, model.own_loss(given, given, hidden, SEEDS))


@both
def test_a_step_moves_the_encoder_and_leaves_no_gradient_elsewhere(make):
    model = make()
    model.module.requires_grad_(False)
    movable = dict(model.encoder_parameters())
    for parameter in movable.values():
        parameter.requires_grad_(True)
    model.encode(pictures(model), CENTRE.expand(3, -1), SEEDS).square().mean().backward()
    with_gradient = {name for name, p in model.module.named_parameters() if p.grad is not None}
    assert with_gradient == set(movable)
    assert all(name.startswith(("unet.conv_in", "unet.down", "unet.mid")) for name in movable)


@both
def test_a_saved_model_paints_the_same_after_loading_and_has_the_same_fingerprint(make, tmp_path):
    model = make().eval()
    first = save_model(model, tmp_path / "model", {})
    loaded = load_model(tmp_path / "model")
    shown, hidden = pictures(model), CENTRE.expand(3, -1)
    # Loaded weights lie elsewhere in memory, and kernels round by that.
    assert torch.allclose(loaded.paint(shown, hidden), model.paint(shown, hidden), atol=1e-4)
    assert save_model(loaded, tmp_path / "again", {}) == first
    assert save_model(make(1), tmp_path / "other", {}) != first


@both
def test_compare_finds_what_moved_outside_the_encoder_and_nothing_else(make, tmp_path):
    model = make()
    save_model(model, tmp_path / "before", {})
    with torch.no_grad():
        next(iter(model.encoder_parameters()))[1].add_(1.0)
        model.unet.conv_out.bias[0] = float("nan")
        model.unet.time_embedding.linear_1.bias[0] += 1
    save_model(model, tmp_path / "after", {})
    assert vars(compare(tmp_path / "before", tmp_path / "after")) == {
        "unexpected_keys": [],
        "missing_keys": [],
        "moved_outside_encoder": ["unet.conv_out.bias", "unet.time_embedding.linear_1.bias"],
        "not_finite": ["unet.conv_out.bias"],
        "changed_settings": [],
    }
