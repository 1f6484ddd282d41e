import pytest
import torch

from efface.methods import METHODS
from efface.methods.method import feature_loss
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
def test_the_worst_share_is_the_mean_over_the_subjects_furthest_away(name, share, count):
    model = tiny_mae().eval()
    target = torch.ones(4, 9, 16)
    one_by_one = (features(model, 1) - 1).square().mean(dim=(1, 2)).sort(descending=True).values
    _, forget = METHODS[name].loss(model, half(0, target), half(1, target, worst_share=share))
    assert forget.item() == pytest.approx(one_by_one[:count].mean().item())


def test_the_worst_share_is_over_subjects_by_their_mean_loss():
    model = tiny_mae().eval()
    target = features(model, 1)
    for row, away in enumerate((3.0, 0.0, 2.0, 2.0)):  # squares: 9 and 0 of one, 4 and 4 of another
        target[row] += away
    retain, whose = half(0, features(model, 0)), torch.tensor([7, 7, 2, 2])
    halves = [half(1, target, worst_share=q, subject_B=whose) for q in (0.5, 0.6, 0.1)]
    losses = [METHODS["i2i"].loss(model, retain, one)[1].item() for one in halves]
    assert losses == pytest.approx([4.5, (4.5 + 4) / 2, 4.5], rel=1e-4)


def test_of_one_subject_the_worst_share_is_the_mean_over_all():
    found, target = torch.randn(6, 3, 2), torch.zeros(6, 3, 2)
    given = half(1, target, worst_share=0.5, subject_B=torch.full((6,), 3))
    assert feature_loss(found, given).item() == pytest.approx(found.square().mean().item())


def test_the_share_of_each_process_adds_up_to_the_worst_subjects_of_the_batch():
    target = torch.zeros(6, 1, 1)
    found = torch.tensor([1.0, 2.0, 3.0, 0.5, 2.5, 0.1])[:, None, None]
    whose = torch.tensor([4, 9, 4, 1, 9, 1])

    def share(rows):
        def gather(mine):
            return whose if mine.dtype == torch.int64 else found[:, 0, 0].square()

        given = half(1, target[rows], worst_share=0.6, subject_B=whose[rows], gather=gather)
        return feature_loss(found[rows], given).item() * len(target[rows]) / 6

    alone = feature_loss(found, half(1, target, worst_share=0.6, subject_B=whose)).item()
    assert alone == pytest.approx(((1 + 9) / 2 + (4 + 6.25) / 2) / 2)
    parts = slice(0, None, 2), slice(1, None, 2)
    assert sum(map(share, parts)) == pytest.approx(alone)


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
