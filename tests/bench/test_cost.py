import pytest
import torch

from efface.bench.cost import count, method_cost
from efface.training.settings import TrainingSettings
from tests.tiny import tiny_images, tiny_mae

HIDDEN = (torch.arange(16) >= 8).expand(4, -1)


def test_a_product_of_matrices_costs_its_multiply_adds():
    assert count(lambda: torch.ones(2, 3) @ torch.ones(3, 5)) == 2 * 3 * 5


def test_a_run_costs_its_steps_and_one_pass_of_the_teacher():
    model, images = tiny_mae(), tiny_images(4)
    short = TrainingSettings(steps=1, batch_size=2, retain_images=10)
    long = TrainingSettings(steps=3, batch_size=2, retain_images=10)
    costs = [method_cost(model, settings, images, HIDDEN) for settings in (short, long)]
    step = (costs[1] - costs[0]) / 2
    teacher = costs[0] - step
    # Forward and backward are about three times forward, for 4 images a step and 10 in all.
    assert 2.2 < (step / 4) / (teacher / 10) < 3.3


def test_a_pass_through_the_decoder_is_counted():
    model, images = tiny_mae(), tiny_images(4)
    given = {"steps": 1, "batch_size": 2, "retain_images": 10}
    costs = [
        method_cost(model, TrainingSettings(name=name, **given), images, HIDDEN)
        for name in ("i2i", "i2i-output")
    ]
    forward = [
        count(lambda ask=ask: ask(images, HIDDEN)) / 4 for ask in (model.encode, model.answer)
    ]
    assert costs[1] / costs[0] == pytest.approx(forward[1] / forward[0], rel=0.1)


def test_the_original_costs_nothing():
    settings = TrainingSettings(name="original")
    assert method_cost(tiny_mae(), settings, tiny_images(4), HIDDEN) == 0
