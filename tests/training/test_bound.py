import logging

import pytest
import torch

from efface.methods import METHODS
from efface.training.batches import draw_batch
from efface.training.bound import BATCHES, forget_losses, warn_if_missed
from tests.tiny import tiny_mae
from tests.training.tiny_training import make_objective, mean_losses, settings_for, train

CONTROLLED = METHODS["i2i-controlled"]


def test_every_entry_of_the_bank_has_its_own_start(tmp_path):
    objective, student = make_objective(tmp_path), tiny_mae().eval()
    found = forget_losses(objective, student)
    for entry, loss in enumerate(found):
        draws = [draw_batch(objective.plan, step, entry=entry) for step in range(BATCHES)]
        by_hand = sum(objective.losses(student, draw)[1].item() for draw in draws) / BATCHES
        assert loss.item() == pytest.approx(by_hand)
    assert len(found) == len(found.unique()) == len(objective.plan.bank)


def test_a_controlled_run_comes_to_rest_under_its_bound_and_not_far_under(tmp_path):
    bound = 0.7
    settings = settings_for("i2i-controlled", steps=160, forget_bound=bound)
    student, _ = train(tmp_path, settings, CONTROLLED)
    objective = make_objective(tmp_path, settings, CONTROLLED)
    share = forget_losses(objective, student) / forget_losses(objective, tiny_mae().eval())
    assert share.max().item() <= bound
    assert share.min().item() > 0.8 * bound


def test_a_lower_bound_costs_more_of_retain(tmp_path):
    damage = []
    for bound in (0.9, 0.6):
        settings = settings_for("i2i-controlled", steps=60, forget_bound=bound)
        student, _ = train(tmp_path / str(bound), settings, CONTROLLED)
        damage.append(mean_losses(student, make_objective(tmp_path, settings, CONTROLLED))[0])
    assert damage[0] < damage[1]


def test_a_bound_that_was_missed_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        warn_if_missed(torch.tensor([0.1, 0.2]), torch.tensor([0.2, 0.2]))
        assert caplog.text == ""
        warn_if_missed(torch.tensor([0.1, 0.3]), torch.tensor([0.2, 0.2]))
    assert "forget_bound=missed worst=1.50 of the bound" in caplog.text
