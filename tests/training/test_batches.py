import numpy as np
import pytest
import torch

from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan

BANK = make_bank(["centre:4x4", "random:0.5"], (8, 8), per_policy=3, seed=0)
SIMILARITY = np.linspace(0, 1, 200, dtype=np.float32)


def plan(**changes):
    given = {
        "forget_subjects": ["a"] * 45 + ["b"] * 5,
        "batch_size": 16,
        "neighbour_share": 0.25,
        "seed": 1,
    }
    return make_plan(BANK, SIMILARITY, **{**given, **changes})


def test_every_policy_has_the_same_share_of_the_bank():
    assert len(BANK) == 4
    assert torch.allclose(BANK.share_M, torch.tensor([1 / 2, 1 / 6, 1 / 6, 1 / 6]))


def test_every_retain_image_is_assigned_to_exactly_one_entry():
    assigned = torch.cat(plan().retain_by_entry)
    assert sorted(assigned.tolist()) == list(range(200))


def test_a_batch_depends_on_plan_and_step_alone():
    first, again, later = draw_batch(plan(), 5), draw_batch(plan(), 5), draw_batch(plan(), 6)
    assert first.mask == again.mask
    assert torch.equal(first.retain, again.retain)
    assert torch.equal(first.forget, again.forget)
    assert not torch.equal(first.forget, later.forget)


def test_another_seed_gives_other_batches():
    assert not torch.equal(draw_batch(plan(), 0).forget, draw_batch(plan(seed=2), 0).forget)


@pytest.mark.parametrize("seed", [10**15, 2**63 - 1])
def test_the_largest_seeds_give_batches_of_their_own_too(seed):
    first, again, later = (draw_batch(plan(seed=seed), step) for step in (0, 0, 1))
    assert torch.equal(first.forget, again.forget)
    assert not torch.equal(first.forget, later.forget)
    assert not torch.equal(first.forget, draw_batch(plan(seed=seed - 1), 0).forget)


def test_small_seeds_give_the_batches_that_the_results_were_measured_with():
    draw = draw_batch(plan(seed=39), 399)
    generator = torch.Generator().manual_seed(39 * 1_000_003 + 399)
    assert draw.mask == int(torch.multinomial(BANK.share_M, 1, generator=generator))
    near = plan(seed=39).near_by_entry[draw.mask]
    assert torch.equal(draw.retain[:4], near[torch.randint(len(near), (4,), generator=generator)])


def test_both_halves_have_the_batch_size_and_retain_fits_the_entry():
    made = plan()
    for step in range(20):
        draw = draw_batch(made, step)
        assert len(draw.retain) == len(draw.forget) == 16
        assert set(draw.retain.tolist()) <= set(made.retain_by_entry[draw.mask].tolist())


def test_neighbours_are_drawn_more_often_than_their_number():
    made = plan(neighbour_share=0.5)
    drawn = torch.cat([draw_batch(made, step).retain for step in range(200)])
    assert 0.4 < (SIMILARITY[drawn] >= 0.9).mean() < 0.75


def test_an_entry_without_images_borrows_from_all():
    made = make_plan(
        BANK, SIMILARITY[:2], forget_subjects=["a"], batch_size=4, neighbour_share=0, seed=0
    )
    assert all(len(rows) for rows in made.retain_by_entry)


def test_subjects_are_drawn_equally_often_however_many_images_they_have():
    drawn = torch.cat([draw_batch(plan(), step).forget for step in range(300)])
    assert 0.45 < (drawn >= 45).float().mean().item() < 0.55


def test_with_noise_levels_an_entry_is_a_mask_at_a_level():
    bank = make_bank(["centre:4x4", "random:0.5"], (8, 8), per_policy=3, seed=0, levels=4)
    assert len(bank) == 16 and abs(bank.share_M.sum().item() - 1) < 1e-6
    assert bank.level_M.tolist() == [0, 1, 2, 3] * 4
    assert torch.equal(bank.hidden_MN[::4], BANK.hidden_MN)
    assert (bank.seeds(6, torch.arange(9)) % 4 == 2).all()
    made = make_plan(
        bank, SIMILARITY, forget_subjects=["a"], batch_size=4, neighbour_share=0.5, seed=0
    )
    assert len(made.retain_by_entry) == len(made.near_by_entry) == len(bank)


@pytest.mark.parametrize("seed", [1, 2**63 - 1])
def test_another_seed_gives_forget_images_another_chance(seed):
    first, other = (draw_batch(plan(seed=one), 3).forget_seed for one in (0, seed))
    assert torch.equal(first, torch.arange(16) + 3 * 16)  # what results of seed 0 were made with
    assert not set(first.tolist()) & set(other.tolist())
    assert (other >= 0).all() and (other < 2**48 + 16).all()


def test_a_retain_image_keeps_its_chance_and_a_forget_image_does_not():
    draws = [draw_batch(plan(), step) for step in range(4)]
    assert all(torch.equal(draw.retain_seed, draw.retain) for draw in draws)
    assert len(torch.cat([draw.forget_seed for draw in draws]).unique()) == 4 * 16
