import pytest
import torch

from efface.training.gradient import joined_gradient, weighted_gradient

BOUND = torch.tensor(2.0)


def given():
    """Retain loss x^2 + 3 y, forget loss 4 x; y has no part in forget, z in neither."""
    x, y, z = (torch.nn.Parameter(torch.tensor([value])) for value in (1.0, 2.0, 5.0))
    return [x, y, z], (x**2 + 3 * y).sum(), (4 * x).sum()


def test_the_weighted_gradient_is_that_of_the_sum():
    parameters, retain, forget = given()
    weighted_gradient(retain, forget, 0.5, parameters)
    assert [p.grad.item() for p in parameters[:2]] == [2 + 0.5 * 4, 3]
    assert parameters[2].grad is None


def test_a_direction_gets_both_gradients_and_how_far_forget_is_above_its_bound():
    parameters, retain, forget = given()

    def direction(retain_D, forget_D, excess):
        assert (retain_D.tolist(), forget_D.tolist()) == ([2, 3, 0], [4, 0, 0])
        return excess * torch.tensor([1.0, 2.0, 3.0])

    joined_gradient(retain, forget, BOUND, direction, parameters, None)
    assert [p.grad.item() for p in parameters] == pytest.approx([2, 4, 6])


def test_weights_that_may_not_move_are_hidden_from_the_direction():
    parameters, retain, forget = given()
    movable = [torch.tensor([False]), torch.tensor([True]), torch.tensor([True])]

    def direction(retain_D, forget_D, excess):
        return retain_D + forget_D

    joined_gradient(retain, forget, BOUND, direction, parameters, movable)
    assert [p.grad.item() for p in parameters] == [0, 3, 0]
