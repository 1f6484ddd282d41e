import pytest
import torch

from efface.errors import ConfigError
from efface.methods import METHODS, Half, find_method
from tests.tiny import tiny_images, tiny_mae

HIDDEN = (torch.arange(16) >= 8).expand(4, -1)


def half(seed=0, targets=None):
    return Half(
        given=tiny_images(4, seed), hidden_BN=HIDDEN, seed_B=torch.zeros(4).long(),
        targets_BTK=targets,
    )  # fmt: skip


def features(model, seed):
    with torch.no_grad():
        return model.encode(half(seed).given, HIDDEN)


def test_i2i_is_zero_where_the_student_already_is():
    model = tiny_mae().eval()
    retain, forget = METHODS["i2i"].loss(
        model, half(0, features(model, 0)), half(1, features(model, 1))
    )
    assert retain.item() == forget.item() == 0


def test_i2i_is_the_mean_squared_distance_to_the_targets():
    model = tiny_mae().eval()
    target = torch.ones(4, 9, 16)
    retain, forget = METHODS["i2i"].loss(model, half(0, target), half(1, target))
    assert retain.item() == pytest.approx((features(model, 0) - 1).square().mean().item())
    assert forget.item() == pytest.approx((features(model, 1) - 1).square().mean().item())


@pytest.mark.parametrize("name", ["max-loss", "retain-only"])
def test_pixel_methods_lower_the_models_own_loss_on_retain(name):
    model = tiny_mae()
    retain, _ = METHODS[name].loss(model, half(0), half(1))
    painted = model.decode(model.encode(half(0).given, HIDDEN), HIDDEN)
    holes = (torch.arange(16) >= 8)[None].expand(4, -1)
    rows = holes.reshape(4, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    expected = (painted - half(0).given.float() / 255)[rows].square().mean()
    assert retain.item() == pytest.approx(expected.item())


def test_max_loss_pushes_forget_up_and_retain_only_leaves_it():
    model = tiny_mae()
    retain, forget = METHODS["max-loss"].loss(model, half(0), half(0))
    assert forget.item() == pytest.approx(-retain.item())
    assert METHODS["retain-only"].loss(model, half(0), half(1))[1].item() == 0


def test_the_original_takes_no_step():
    assert METHODS["original"].loss is None


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(
        ConfigError, match="'max_loss' unknown: use one of i2i, max-loss, retain-only, original"
    ):
        find_method("max_loss")
