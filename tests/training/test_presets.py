"""Every preset on every family: it runs, and where its targets lie does not change the gradient."""

from dataclasses import replace

import pytest
import torch

from efface.gate.reading import read_policy
from efface.models.checkpoint import compare, fingerprint, save_model
from efface.steps import unlearn
from efface.training.batches import draw_batch
from efface.training.choosing import choose_method
from efface.training.prepare import prepare
from efface.training.room import Room
from efface.training.settings import PRESETS, read_settings
from tests.steps.unlearn_run import write_unlearn_run
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan

EVERY_FAMILY = pytest.mark.parametrize("make", [tiny_mae, tiny_vqgan, tiny_diffusion, tiny_latent])
EVERY_PRESET = pytest.mark.parametrize("preset", PRESETS)
LIVE = {"target_memory": 0.0, "target_disk": 0.0}


def gradient(given, make, settings, folder):
    """Of the first step."""
    policy, method = read_policy(given["policy"]), choose_method(settings)
    objective = prepare(
        make().eval(), given["sets"], policy, method, settings,
        room=Room(scratch=folder), device=torch.device("cpu"),
    )  # fmt: skip
    student = make().eval()
    retain, forget = objective.losses(student, draw_batch(objective.plan, 0))
    encoder = [parameter for _, parameter in student.encoder_parameters()]
    found = torch.autograd.grad(retain + forget, encoder, allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in found])


@EVERY_FAMILY
@EVERY_PRESET
def test_every_preset_takes_two_steps_with_the_teacher_asked_at_each(tmp_path, make, preset):
    given = write_unlearn_run(tmp_path)
    save_model(make(), tmp_path / "model", {})
    method = {"preset": preset, "steps": 2, "batch_size": 4, "probe_every": 0, **LIVE}
    assert unlearn.run(**{**given, "method": method})["steps"] == 2
    assert fingerprint(given["before"]) != fingerprint(given["after"])
    assert not any(vars(compare(given["before"], given["after"])).values())


@EVERY_FAMILY
@EVERY_PRESET
def test_targets_asked_live_give_the_gradient_of_those_computed_once(tmp_path, make, preset):
    given = write_unlearn_run(tmp_path)
    kept = read_settings({"preset": preset, "batch_size": 4, "noise_images": 16})
    once, live = (
        gradient(given, make, settings, tmp_path) for settings in (kept, replace(kept, **LIVE))
    )
    assert float((once - live).norm() / once.norm()) < 1e-5
