import pytest
import torch

from efface.training.noise import NOISES, draw_noise
from efface.training.settings import CHOICES

FORGET = torch.full((4, 1, 16, 16), 128, dtype=torch.uint8)
FORGET[:, :, ::2] = 118


def draw(kind, count=2000, forget=FORGET):
    return draw_noise(forget, count, torch.Generator().manual_seed(0), kind)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_the_moments_of_the_forget_pixels(kind):
    noise = draw(kind)
    assert noise.shape == (2000, 1, 16, 16)
    assert noise.mean().item() == pytest.approx(123 / 255, abs=2e-3)
    assert noise.std().item() == pytest.approx(5 / 255, rel=0.05)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_stays_in_range(kind):
    wide = torch.tensor([0, 255], dtype=torch.uint8).repeat(4, 1, 16, 8)
    noise = draw(kind, forget=wide)
    assert noise.min().item() == 0 and noise.max().item() == 1


def test_uniform_noise_has_no_tails_and_gaussian_noise_has():
    reach = 3**0.5 * 5 / 255
    assert (draw("uniform") - 123 / 255).abs().max().item() <= reach * 1.01
    assert (draw("gaussian") - 123 / 255).abs().max().item() > 2 * reach


def test_constant_noise_does_not_vary_within_an_image_but_between_images():
    noise = draw("constant", forget=FORGET.expand(-1, 3, -1, -1))
    assert (noise.amax(dim=(2, 3)) == noise.amin(dim=(2, 3))).all()
    assert len(noise[:, 0, 0, 0].unique()) > 1000
    assert not torch.equal(noise[:, 0], noise[:, 1])


def test_the_settings_take_what_there_is():
    assert CHOICES["noise"] == tuple(NOISES)
