import pytest
import torch

from efface.methods import METHODS
from tests.methods.halves import HIDDEN, features, half
from tests.tiny import tiny_mae
from tests.training.tiny_training import make_objective, mean_losses, settings_for, train, weights

METHOD = METHODS["i2i-output"]


def answers(model, seed):
    with torch.no_grad():
        return model.answer(half(seed).given, HIDDEN)


def test_the_loss_is_zero_where_the_student_already_is():
    model = tiny_mae().eval()
    losses = METHOD.loss(model, half(0, answers(model, 0)), half(1, answers(model, 1)))
    assert [loss.item() for loss in losses] == pytest.approx([0, 0], abs=1e-12)


def test_the_loss_is_the_mean_squared_distance_of_what_is_painted():
    model = tiny_mae().eval()
    ones = torch.ones(4, 8, 16)
    retain, forget = METHOD.loss(model, half(0, ones), half(1, 2 * ones))
    assert retain.item() == pytest.approx((answers(model, 0) - 1).square().mean().item())
    assert forget.item() == pytest.approx((answers(model, 1) - 2).square().mean().item())


def test_what_the_decoder_does_not_look_at_costs_nothing_and_i2i_pays_for_it():
    model = tiny_mae().eval()
    with torch.no_grad():
        model.network.decoder.decoder_embed.weight[:, 0] = 0
    said = [half(seed, answers(model, seed)) for seed in (0, 1)]
    seen = [half(seed, features(model, seed)) for seed in (0, 1)]
    with torch.no_grad():
        model.network.vit.layernorm.bias[0] += 5
    assert [loss.item() for loss in METHOD.loss(model, *said)] == pytest.approx([0, 0], abs=1e-10)
    assert min(loss.item() for loss in METHODS["i2i"].loss(model, *seen)) > 1


def loud_mae():
    """A tiny model whose decoder looks at its features: with fresh weights it all but does not."""
    model = tiny_mae()
    with torch.no_grad():
        model.network.decoder.decoder_embed.weight *= 50
        model.network.decoder.decoder_pred.weight *= 50
    return model


def test_training_takes_the_forget_loss_down_and_leaves_the_decoder(tmp_path):
    settings = settings_for("i2i-output")
    objective = make_objective(tmp_path / "teacher", settings, METHOD, loud_mae)
    student, _ = train(tmp_path / "run", settings, METHOD, make=loud_mae)
    before, after = mean_losses(loud_mae(), objective)[1], mean_losses(student, objective)[1]
    assert after < 0.5 * before
    moved = {
        name for name, weight in weights(student).items()
        if not torch.equal(weight, weights(loud_mae())[name])
    }  # fmt: skip
    assert moved
    assert all(name.startswith("vit.") for name in moved)
