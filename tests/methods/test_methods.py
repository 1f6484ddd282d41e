import pytest

from efface.errors import ConfigError
from efface.methods import METHODS, find_method
from tests.methods.halves import error_of_painting, half
from tests.tiny import tiny_mae

ON_PIXELS = ["max-loss", "noisy-label", "retain-label", "retain-only"]


@pytest.mark.parametrize("name", ON_PIXELS)
def test_pixel_methods_lower_the_models_own_loss_on_retain(name):
    model = tiny_mae()
    retain, _ = METHODS[name].loss(model, half(0), half(1, noise=half(2).given))
    expected = error_of_painting(model, half(0).given, half(0).given)
    assert retain.item() == pytest.approx(expected)


def test_max_loss_pushes_forget_up_and_retain_only_leaves_it():
    model = tiny_mae()
    retain, forget = METHODS["max-loss"].loss(model, half(0), half(0))
    assert forget.item() == pytest.approx(-retain.item())
    assert METHODS["retain-only"].loss(model, half(0), half(1))[1].item() == 0


def test_the_original_takes_no_step():
    assert METHODS["original"].loss is None


def test_an_unknown_method_names_the_known_ones_and_ends_with_exit_code_2():
    with pytest.raises(ConfigError, match=f"'max_loss' unknown: use one of {', '.join(METHODS)}"):
        find_method("max_loss")
    assert ConfigError.exit_code == 2
