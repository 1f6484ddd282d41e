import numpy as np
import pytest
import torch

from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from efface.training.targets import compute_targets, draw_noise, noise_embeddings
from tests.tiny import tiny_images, tiny_mae

BANK = make_bank(["centre:2x2", "random:0.5"], (4, 4), per_policy=2, seed=0)
CPU = torch.device("cpu")


def targets(tmp_path, memory=1.0, disk=1.0, count=30):
    similarity = np.linspace(0, 1, count, dtype=np.float32)
    plan = make_plan(
        BANK, similarity, forget_subjects=["a"] * 8, batch_size=4, neighbour_share=0.25, seed=0
    )
    model, retain = tiny_mae().eval(), tiny_images(count)
    made = compute_targets(
        model, retain, tiny_images(8, 1), plan,
        noise_images=16, memory=memory, disk=disk, device=CPU, scratch=tmp_path,
    )  # fmt: skip
    return model, retain, plan, made


@pytest.mark.parametrize(
    ("memory", "disk"), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)], ids=["in-memory", "in-a-file", "live"]
)
def test_a_retain_target_is_the_teachers_embedding_of_that_image(tmp_path, memory, disk):
    model, retain, plan, made = targets(tmp_path, memory, disk)
    seen = set()
    for step in range(20):
        draw = draw_batch(plan, step)
        seen.add(draw.mask)
        hidden = BANK.hidden_MN[draw.mask].expand(4, -1)
        with torch.no_grad():
            expected = model.encode(retain[draw.retain].float() / 255, hidden)
        assert torch.allclose(made.of_retain(draw), expected, atol=1e-6)
    assert len(seen) == len(BANK)


def test_targets_in_a_file_leave_nothing_behind(tmp_path):
    targets(tmp_path, memory=0.0)
    assert list(tmp_path.iterdir()) == []


def test_noise_has_the_moments_of_the_forget_pixels_and_stays_in_range():
    forget = torch.full((4, 1, 16, 16), 128, dtype=torch.uint8)
    forget[:, :, ::2] = 118
    noise = draw_noise(forget, 64, torch.Generator().manual_seed(0))
    assert noise.mean().item() == pytest.approx(123 / 255, abs=2e-3)
    assert noise.std().item() == pytest.approx(5 / 255, rel=0.05)
    assert ((noise >= 0) & (noise <= 1)).all()


def test_the_mean_noise_embedding_is_the_mean_over_noise_images():
    model, forget = tiny_mae().eval(), tiny_images(8, 1)
    noise = draw_noise(forget, 40, torch.Generator().manual_seed(3))
    with torch.no_grad():
        expected = model.encode(noise, BANK.hidden_MN[0].expand(40, -1)).mean(dim=0)
    found = noise_embeddings(model, forget, BANK, count=40, seed=3, device=CPU)[0]
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_mean_target_has_the_same_gradient_as_fresh_noise_in_expectation():
    # E_n ||z - E0(n)||^2 = ||z - E_n[E0(n)]||^2 + const: over many draws the two gradients agree
    # within their standard error, for every coordinate that noise reaches.
    model, forget = tiny_mae().eval(), tiny_images(8, 1)
    noise = draw_noise(forget, 4000, torch.Generator().manual_seed(7))
    with torch.no_grad():
        embeddings = model.encode(noise, BANK.hidden_MN[0].expand(4000, -1)).double()
        student = model.encode(forget[:1].float() / 255, BANK.hidden_MN[:1]).double()[0]
    fresh = 2 * (student - embeddings)
    mean = noise_embeddings(model, forget, BANK, count=4000, seed=99, device=CPU)[0].double()
    cached = 2 * (student - mean)
    error = fresh.std(dim=0) * (2 / 4000) ** 0.5
    z = (fresh.mean(dim=0) - cached).abs() / error
    assert z.mean().item() == pytest.approx((2 / torch.pi) ** 0.5, abs=0.35)
    assert z.max().item() < 5
