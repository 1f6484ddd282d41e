import pytest
import torch

from efface.methods import METHODS
from tests.methods.halves import error_of_painting, half
from tests.tiny import tiny_mae


def test_forget_is_painted_as_the_noise_of_its_half():
    model = tiny_mae()
    noise = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(5))
    _, forget = METHODS["noisy-label"].loss(model, half(0), half(1, noise=noise))
    assert forget.item() == pytest.approx(error_of_painting(model, half(1).given, noise))
