import pytest
import torch

from efface.methods.i2i_controlled import RAMP, least_damage

FAR, UNDER = torch.tensor(RAMP[1]), torch.tensor(RAMP[0])


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float32)


def direction(retain, forget, excess):
    return least_damage(vector(*retain), vector(*forget), excess).tolist()


@pytest.mark.parametrize(
    ("retain", "forget", "excess", "expected"),
    [
        pytest.param((0, 0), (3, 4), FAR, [3, 4], id="no-damage-yet"),
        pytest.param((0, 1), (2, 0), FAR, [2, 1], id="at-right-angles"),
        pytest.param((-1, 1), (2, 0), FAR, [2, 1], id="conflict-projected-away"),
        pytest.param((3, 1), (2, 0), FAR, [3, 1], id="retain-forgets-enough-by-itself"),
        pytest.param((1, 1), (2, 0), FAR, [2, 1], id="retain-forgets-too-little"),
        pytest.param((-1, 1), (2, 0), UNDER, [0, 1], id="under-the-bound-forget-does-not-rise"),
        pytest.param((1, 1), (2, 0), UNDER, [1, 1], id="under-the-bound-retain-alone"),
        pytest.param((-1, 1), (2, 0), 0.5 * UNDER, [-1, 1], id="far-under-it-may-come-back"),
        pytest.param((-9, 1), (2, 0), 0.5 * UNDER, [-2, 1], id="but-slowly"),
        pytest.param((-1, 1), (0, 0), FAR, [-1, 1], id="nothing-to-forget"),
    ],
)
def test_the_direction_is_the_hand_computation(retain, forget, excess, expected):
    assert direction(retain, forget, excess) == pytest.approx(expected)


def test_it_is_the_direction_nearest_to_the_retain_gradient_that_forgets_enough():
    generator = torch.Generator().manual_seed(0)
    retain, forget = torch.randn(2, 8, generator=generator).unbind()
    retain = retain - forget
    best = least_damage(retain, forget, FAR)
    needed = forget.dot(forget).item()
    assert best.dot(forget).item() == pytest.approx(needed, rel=1e-5)
    others = best + torch.randn(500, 8, generator=generator) * 0.3
    enough = others[others @ forget >= needed]
    assert len(enough) > 100
    assert ((enough - retain).norm(dim=1) >= (best - retain).norm() - 1e-5).all()


def test_at_the_bound_the_push_rises_evenly():
    middle = torch.tensor(sum(RAMP) / 2)
    assert direction((0, 0), (2, 0), middle) == pytest.approx([1, 0], rel=1e-5)
