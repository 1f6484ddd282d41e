import pytest
import torch

from efface.methods import METHODS
from efface.training.batches import draw_batch
from tests.methods.halves import HIDDEN, error_of_painting, features, half
from tests.tiny import tiny_images, tiny_mae
from tests.training.tiny_training import make_objective, mean_losses, settings_for, train, weights

METHOD = METHODS["i2i-output"]


def answers(model, seed):
    with torch.no_grad():
        return model.answer(half(seed).given, HIDDEN)


def test_the_retain_loss_is_the_mean_squared_distance_to_what_was_answered():
    model = tiny_mae().eval()
    wanted = half(1, noise=tiny_images(4, 2))
    assert METHOD.loss(model, half(0, answers(model, 0)), wanted)[0].item() == 0
    said = (answers(model, 0) - 1).square().mean().item()
    found = METHOD.loss(model, half(0, torch.ones(4, 8, 16)), wanted)[0].item()
    assert found == pytest.approx(said)


def test_the_forget_loss_is_that_of_painting_noise():
    model, noise = tiny_mae().eval(), tiny_images(4, 2)
    given = half(1, noise=noise)
    found = METHOD.loss(model, half(0, answers(model, 0)), given)[1].item()
    assert found == pytest.approx(error_of_painting(model, given.given, noise))


def test_what_the_decoder_does_not_look_at_costs_nothing_and_i2i_pays_for_it():
    model = tiny_mae().eval()
    with torch.no_grad():
        model.network.decoder.decoder_embed.weight[:, 0] = 0
    forget = half(1, features(model, 1), noise=tiny_images(4, 2))
    said, seen = half(0, answers(model, 0)), half(0, features(model, 0))
    with torch.no_grad():
        model.network.vit.layernorm.bias[0] += 5
    assert METHOD.loss(model, said, forget)[0].item() == pytest.approx(0, abs=1e-10)
    assert METHODS["i2i"].loss(model, seen, forget)[0].item() > 1


def test_it_computes_targets_of_retain_alone(tmp_path):
    objective = make_objective(tmp_path, settings_for("i2i-output"), METHOD)
    assert objective.targets.forget is None
    retain, forget = objective._halves(draw_batch(objective.plan, 0))
    assert retain.targets_BTK is not None
    assert forget.targets_BTK is None
    assert forget.noise is not None


def loud_mae():
    """A tiny model whose decoder looks at its features: with fresh weights it all but does not."""
    model = tiny_mae()
    with torch.no_grad():
        model.network.decoder.decoder_embed.weight *= 50
        model.network.decoder.decoder_pred.weight *= 50
    return model


def test_training_takes_the_forget_loss_down_and_leaves_the_decoder(tmp_path):
    settings = settings_for("i2i-output", alpha=3.0)
    objective = make_objective(tmp_path / "teacher", settings, METHOD, loud_mae)
    student, _ = train(tmp_path / "run", settings, METHOD, make=loud_mae)
    before = mean_losses(loud_mae(), objective)[1]
    retain, after = mean_losses(student, objective)
    assert after < before - 0.05  # what is left is the decoder's, which is frozen
    assert retain < 0.1 * (before - after)
    moved = {
        name for name, weight in weights(student).items()
        if not torch.equal(weight, weights(loud_mae())[name])
    }  # fmt: skip
    assert moved
    assert all(name.startswith("vit.") for name in moved)
