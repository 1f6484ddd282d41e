import pytest

from efface.methods import METHODS
from tests.methods.halves import error_of_painting, half
from tests.tiny import tiny_mae


def test_forget_is_painted_as_the_retain_images_of_the_batch():
    model = tiny_mae()
    _, forget = METHODS["retain-label"].loss(model, half(0), half(1))
    expected = error_of_painting(model, half(1).given, half(0).given)
    assert forget.item() == pytest.approx(expected)


def test_forget_images_have_a_gradient_and_retain_images_keep_their_own_target():
    model = tiny_mae()
    retain, forget = METHODS["retain-label"].loss(model, half(0), half(1))
    forget.backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    expected = error_of_painting(model, half(0).given, half(0).given)
    assert retain.item() == pytest.approx(expected)
