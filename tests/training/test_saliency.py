import pytest
import torch

from efface.methods import METHODS
from efface.training.batches import draw_batch
from efface.training.saliency import BATCHES, find_saliency
from tests.tiny import tiny_mae
from tests.training.tiny_training import make_objective, settings_for, train


def parameters_of(student):
    return [parameter.requires_grad_(True) for _, parameter in student.encoder_parameters()]


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def test_the_weights_with_the_steepest_forget_loss_are_chosen(tmp_path):
    objective, student = make_objective(tmp_path), tiny_mae().eval()
    parameters = parameters_of(student)
    found = find_saliency(objective, student, parameters, 0.3)
    forget = sum(
        objective.losses(student, draw_batch(objective.plan, step))[1] for step in range(BATCHES)
    )
    steepness = flat(torch.autograd.grad(forget, parameters)).abs()
    movable = flat(found.movable)
    assert movable.float().mean().item() == pytest.approx(0.3, abs=1e-3)
    assert steepness[movable].min() > 0.999 * steepness[~movable].max()


@pytest.mark.parametrize("name", ["i2i", "i2i-controlled", "max-loss"])
def test_every_other_weight_stays_bit_for_bit_also_under_weight_decay(tmp_path, name):
    before = tiny_mae().eval()
    settings = settings_for(name, steps=20, saliency=0.2, weight_decay=0.5)
    chosen = find_saliency(
        make_objective(tmp_path, settings, METHODS[name]), before, parameters_of(before), 0.2
    )
    student, _ = train(tmp_path, settings, METHODS[name])
    moved = flat(p.detach() for p in parameters_of(student)) != flat(
        p.detach() for p in parameters_of(before)
    )
    movable = flat(chosen.movable)
    assert not moved[~movable].any()
    assert moved[movable].float().mean().item() > 0.9


def test_a_weight_without_gradient_never_moves_whatever_the_share(tmp_path):
    objective, student = make_objective(tmp_path), tiny_mae().eval()
    idle = torch.nn.Parameter(torch.ones(5))
    found = find_saliency(objective, student, [*parameters_of(student), idle], 0.9999999)
    assert not found.movable[-1].any()
