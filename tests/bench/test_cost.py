import pytest
import torch

from efface.bench.cost import count, method_cost, own_loss_cost, teacher_images
from efface.steps.handover.sets_file import write_sets
from efface.training.settings import TrainingSettings
from tests.tiny import tiny_images, tiny_mae

HIDDEN = (torch.arange(16) >= 8).expand(4, -1)


def test_a_product_of_matrices_costs_its_multiply_adds():
    assert count(lambda: torch.ones(2, 3) @ torch.ones(3, 5)) == 2 * 3 * 5


def test_a_run_costs_its_steps_and_one_pass_of_the_teacher():
    model, images = tiny_mae(), tiny_images(4)
    short = TrainingSettings(steps=1, batch_size=2)
    long = TrainingSettings(steps=3, batch_size=2)
    costs = [method_cost(model, settings, images, HIDDEN, asked=10) for settings in (short, long)]
    step = (costs[1] - costs[0]) / 2
    teacher = costs[0] - step
    # Forward and backward are about three times forward, for 4 images a step and 10 in all.
    assert 2.2 < (step / 4) / (teacher / 10) < 3.3


def test_a_pass_through_the_decoder_is_counted():
    model, images = tiny_mae(), tiny_images(4)
    given = {"steps": 1, "batch_size": 2}
    costs = [
        method_cost(model, TrainingSettings(name=name, **given), images, HIDDEN, asked=10)
        for name in ("i2i", "i2i-output")
    ]
    forward = [
        count(lambda ask=ask: ask(images, HIDDEN)) / 4 for ask in (model.encode, model.answer)
    ]
    assert costs[1] / costs[0] == pytest.approx(forward[1] / forward[0], rel=0.1)


@pytest.mark.parametrize("name", ["i2i", "i2i-output", "max-loss"])
def test_a_cost_is_the_mean_over_the_masks(name):
    """Visible patches alone go through the encoder: what a mask hides decides what it costs."""
    model, images = tiny_mae(), tiny_images(4)
    settings = TrainingSettings(name=name, steps=2, batch_size=2)
    masks = torch.stack([torch.arange(16) >= visible for visible in (12, 2)])
    little, much = (method_cost(model, settings, images, mask[None], asked=10) for mask in masks)
    assert little > 1.5 * much
    both = method_cost(model, settings, images, masks, asked=10)
    assert both == pytest.approx((little + much) / 2)


def test_the_original_costs_nothing():
    settings = TrainingSettings(name="original")
    assert method_cost(tiny_mae(), settings, tiny_images(4), HIDDEN, asked=0) == 0


def test_training_on_retain_alone_costs_one_half_of_each_batch():
    costs = [
        method_cost(tiny_mae(), TrainingSettings(name=name), tiny_images(4), HIDDEN, asked=0)
        for name in ("retain-only", "max-loss")
    ]
    assert costs[1] == 2 * costs[0] > 0


def test_retraining_pays_for_the_decoder_too():
    images, costs = tiny_images(4), []
    for whole in (False, True):
        model = tiny_mae()
        model.module.requires_grad_(whole)
        for _, parameter in model.encoder_parameters():
            parameter.requires_grad_(True)
        costs.append(own_loss_cost(model, images, HIDDEN))
    assert costs[1] > 1.05 * costs[0]


@pytest.mark.parametrize(
    ("given", "images"),
    [
        ({"name": "i2i"}, 80 + 256 * 5),  # one fixed mask and four random ones
        ({"name": "i2i", "retain_images": 30, "noise_images": 10}, 30 + 10 * 5),
        ({"name": "i2i", "target": "unseen"}, 80 + 20 * 5),
        ({"name": "i2i-output"}, 80),
        ({"name": "max-loss"}, 0),
    ],
)
def test_the_teacher_is_asked_for_retain_once_and_for_forget_under_each_mask(
    tmp_path, given, images
):
    sizes = {"forget": 40, "retain": 80, "control": 20}
    sets = {k: {"samples": n, "fingerprint": k, "shards": []} for k, n in sizes.items()}
    plan = {"dataset_sha256": "d" * 64, "near_duplicates": 0, "tickets": {}, "sets": sets}
    write_sets(tmp_path, plan)
    settings = TrainingSettings(masks_per_policy=4, **given)
    masks = ["centre:2x2", "random:0.5"]
    assert teacher_images(tiny_mae(), settings, masks, tmp_path) == images
