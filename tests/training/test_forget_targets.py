import numpy as np
import pytest
import torch

from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from efface.training.forget_targets import compute_forget_targets, mean_answer
from efface.training.noise import draw_noise
from tests.tiny import tiny_images, tiny_mae
from tests.training.tiny_training import make_teacher

BANK = make_bank(["centre:2x2", "random:0.5"], (4, 4), per_policy=2, seed=0)
PLAN = make_plan(
    BANK, np.zeros(8, np.float32), forget_subjects=["a"] * 8, batch_size=6, neighbour_share=0.0,
    seed=0, noise_images=20,
)  # fmt: skip


def noise(count, seed):
    return draw_noise(tiny_images(8, 1), count, torch.Generator().manual_seed(seed))


def compute(kind, source, folder=None, **room):
    teacher = make_teacher(tiny_mae().eval().encode, BANK, folder, **room)
    return compute_forget_targets(teacher, source, kind)


def embedded(source, entry):
    with torch.no_grad():
        return tiny_mae().eval().encode(source, BANK.hidden_MN[entry].expand(len(source), -1))


@pytest.mark.parametrize("kind", ["noise-mean", "unseen"])
def test_the_mean_target_is_the_mean_over_the_source_images(kind):
    targets, source = compute(kind, noise(40, 3)), noise(40, 3)
    for entry in range(len(BANK)):
        found = targets.of(draw_batch(PLAN, 0, entry=entry))
        assert torch.allclose(found, embedded(source, entry).mean(dim=0), atol=1e-5)


@pytest.mark.parametrize(
    ("memory", "disk"), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)], ids=["in-memory", "in-a-file", "live"]
)
def test_each_image_moves_to_the_embedding_of_the_noise_image_drawn_for_it(tmp_path, memory, disk):
    source = noise(20, 3)
    targets = compute("noise", source, tmp_path, memory=memory, disk=disk)
    for step in range(5):
        draw = draw_batch(PLAN, step)
        expected = embedded(source[draw.noise], draw.mask)
        assert torch.allclose(targets.of(draw), expected, atol=1e-5)


def test_the_gaussian_has_the_two_moments_of_the_features_and_no_other_structure():
    source = tiny_images(20, 1)
    targets = compute("gaussian", source)
    draws = [draw_batch(PLAN, step, entry=0) for step in range(60)]
    drawn = torch.stack([targets.of(draw) for draw in draws])
    features = embedded(source, 0)
    assert drawn.shape == (60, 6, *features.shape[1:])
    assert drawn.mean().item() == pytest.approx(features.mean().item(), abs=0.01)
    assert drawn.std().item() == pytest.approx(features.std().item(), rel=0.01)
    assert drawn.mean(dim=(0, 1)).std().item() < 0.1 * features.std().item()


def test_the_gaussian_of_a_step_is_the_same_whenever_it_is_asked():
    targets = compute("gaussian", tiny_images(8, 1))
    assert torch.equal(targets.of(draw_batch(PLAN, 3)), targets.of(draw_batch(PLAN, 3)))
    again = targets.of(draw_batch(PLAN, 4, entry=0))
    assert not torch.equal(targets.of(draw_batch(PLAN, 3, entry=0)), again)


def test_the_mean_target_has_the_same_gradient_as_fresh_noise_in_expectation():
    # E_n ||z - E0(n)||^2 = ||z - E_n[E0(n)]||^2 + const: over many draws the two gradients agree
    # within their standard error, for every coordinate that noise reaches.
    model, forget = tiny_mae().eval(), tiny_images(8, 1)
    embeddings = embedded(noise(4000, 7), 0).double()
    with torch.no_grad():
        student = model.encode(forget[:1].float() / 255, BANK.hidden_MN[:1]).double()[0]
    fresh = 2 * (student - embeddings)
    mean = mean_answer(make_teacher(model.encode, BANK, None), noise(4000, 99), 0).double()
    cached = 2 * (student - mean)
    error = fresh.std(dim=0) * (2 / 4000) ** 0.5
    z = (fresh.mean(dim=0) - cached).abs() / error
    assert z.mean().item() == pytest.approx((2 / torch.pi) ** 0.5, abs=0.35)
    assert z.max().item() < 5
