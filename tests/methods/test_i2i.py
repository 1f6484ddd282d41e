import pytest
import torch

from efface.methods import METHODS
from tests.methods.halves import features, half
from tests.tiny import tiny_mae

ON_FEATURES = ["i2i", "i2i-controlled", "random-encoder"]


@pytest.mark.parametrize("name", ON_FEATURES)
def test_the_loss_is_zero_where_the_student_already_is(name):
    model = tiny_mae().eval()
    retain, forget = METHODS[name].loss(
        model, half(0, features(model, 0)), half(1, features(model, 1))
    )
    assert retain.item() == pytest.approx(0, abs=1e-12)
    assert forget.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ON_FEATURES)
def test_the_loss_is_the_mean_squared_distance_to_the_targets(name):
    model = tiny_mae().eval()
    target = torch.ones(4, 9, 16)
    retain, forget = METHODS[name].loss(model, half(0, target), half(1, 2 * target))
    assert retain.item() == pytest.approx((features(model, 0) - 1).square().mean().item())
    assert forget.item() == pytest.approx((features(model, 1) - 2).square().mean().item())


@pytest.mark.parametrize("name", ["i2i", "i2i-controlled"])
@pytest.mark.parametrize(("share", "count"), [(0.25, 1), (0.5, 2), (0.6, 3), (1.0, 4)])
def test_the_worst_share_is_the_mean_over_the_images_furthest_away(name, share, count):
    model = tiny_mae().eval()
    target = torch.ones(4, 9, 16)
    one_by_one = (features(model, 1) - 1).square().mean(dim=(1, 2)).sort(descending=True).values
    _, forget = METHODS[name].loss(model, half(0, target), half(1, target, worst_share=share))
    assert forget.item() == pytest.approx(one_by_one[:count].mean().item())


def test_the_worst_share_moves_the_worst_image_alone():
    model = tiny_mae().eval()
    target = features(model, 1)
    target[2] += 1
    forget = half(1, target.clone(), worst_share=0.25)
    _, loss = METHODS["i2i"].loss(model, half(0, features(model, 0)), forget)
    target[0] += 0.1
    forget = half(1, target, worst_share=0.25)
    _, again = METHODS["i2i"].loss(model, half(0, features(model, 0)), forget)
    assert loss.item() == again.item() == pytest.approx(1, rel=1e-5)
