import copy
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from efface.errors import TrainingError
from efface.methods import METHODS, Method
from efface.storage import open_store
from efface.training.bank import make_bank
from efface.training.batches import make_plan
from efface.training.loop import Images, unlearn
from efface.training.settings import TrainingSettings
from efface.training.state import KEY, load_state
from efface.training.targets import compute_targets
from tests.tiny import tiny_diffusion, tiny_images, tiny_latent, tiny_mae

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(steps=40, warmup=2, batch_size=8, probe_every=0, save_every=0.0)


def train(
    folder, settings=SETTINGS, method=METHODS["i2i"], enough=lambda: False, identity="a",
    make=tiny_mae,
):  # fmt: skip
    student = make()
    channels, levels = student.channels, student.levels
    images = Images(retain=tiny_images(40, 0, channels), forget=tiny_images(16, 1, channels))
    bank = make_bank(["centre:2x2", "random:0.5"], (4, 4), per_policy=2, seed=0, levels=levels)
    similarity = np.linspace(0, 1, 40, dtype=np.float32)
    plan = make_plan(
        bank, similarity, forget_subjects=["a", "b"] * 8, batch_size=settings.batch_size,
        neighbour_share=settings.neighbour_share, seed=settings.seed,
    )  # fmt: skip
    targets = compute_targets(
        copy.deepcopy(student).eval(), images.retain, images.forget, plan,
        noise_images=16, memory=1.0, disk=1.0, device=CPU, scratch=folder,
    )  # fmt: skip
    outcome = unlearn(
        student, images, plan, targets if method.uses_targets else None, method, settings,
        store=open_store(str(folder)), identity=identity, is_enough=enough, device=CPU,
    )  # fmt: skip
    return student, outcome


def weights(model):
    return {name: p.detach().clone() for name, p in model.network.named_parameters()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_the_encoder_moves_and_the_decoder_does_not(tmp_path):
    before = weights(tiny_mae())
    student, _ = train(tmp_path)
    moved = {
        name for name, tensor in weights(student).items() if not torch.equal(tensor, before[name])
    }
    assert moved
    assert moved <= {name for name, _ in student.encoder_parameters()}


def test_forget_features_approach_the_mean_noise_embedding(tmp_path):
    _, short = train(tmp_path / "a", TrainingSettings(steps=1, probe_every=0))
    _, long = train(tmp_path / "b", TrainingSettings(steps=240, probe_every=0, learning_rate=3e-3))
    assert long.forget_loss < 0.7 * short.forget_loss


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path):
    first, again = train(tmp_path / "a")[0], train(tmp_path / "b")[0]
    other = train(tmp_path / "c", TrainingSettings(steps=40, batch_size=8, probe_every=0, seed=1))[
        0
    ]
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


def test_a_run_stopped_in_the_middle_reaches_the_same_weights(tmp_path):
    whole, _ = train(tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop_at_20(model, retain, forget, calls=[0]):  # noqa: B006 the list counts calls on purpose
        calls[0] += 1
        if calls[0] > 25:
            raise Stop
        return METHODS["i2i"].loss(model, retain, forget)

    with pytest.raises(Stop):
        train(tmp_path / "cut", method=Method(loss=stop_at_20, uses_targets=True))
    resumed, outcome = train(tmp_path / "cut")
    assert outcome.resumed_from == 20
    assert same(weights(whole), weights(resumed))


KILLED = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.training.test_loop import train, SETTINGS
train(Path({folder!r}))
"""


def test_kill_9_in_the_middle_and_running_again_reaches_the_same_weights(tmp_path):
    whole, _ = train(tmp_path / "whole")
    script = KILLED.format(root=os.getcwd(), folder=str(tmp_path / "cut"))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    while not (tmp_path / "cut" / KEY).exists():
        assert process.poll() is None, "the run ended before it saved a state"
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed, outcome = train(tmp_path / "cut")
    assert outcome.resumed_from > 0
    assert same(weights(whole), weights(resumed))


def test_a_state_of_another_run_is_not_taken_up(tmp_path):
    train(tmp_path, identity="a")
    assert load_state(open_store(str(tmp_path)), "b") is None
    assert train(tmp_path, identity="b")[1].resumed_from == 0


def test_it_stops_early_when_the_gates_statistics_pass(tmp_path):
    settings = TrainingSettings(steps=100, cooldown=0.2, probe_every=10, batch_size=8)
    _, outcome = train(tmp_path, settings, enough=lambda: True)
    assert outcome.stopped_early
    assert outcome.steps == 10 + 20


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path):
    def breaks(model, retain, forget, calls=[0]):  # noqa: B006 the list counts calls on purpose
        calls[0] += 1
        first, second = METHODS["i2i"].loss(model, retain, forget)
        return first * (float("nan") if calls[0] > 15 else 1.0), second

    with pytest.raises(TrainingError, match="not finite; the last good state is kept"):
        train(tmp_path, method=Method(loss=breaks, uses_targets=True))
    kept = load_state(open_store(str(tmp_path)), "a")
    assert kept.step == 10
    assert all(tensor.isfinite().all() for tensor in kept.encoder.values())


@pytest.mark.parametrize("name", ["max-loss", "retain-only"])
def test_pixel_methods_train_too(tmp_path, name):
    student, outcome = train(tmp_path, method=METHODS[name])
    assert outcome.steps == 40
    assert not same(weights(student), weights(tiny_mae()))


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_diffusion_models_train_and_their_decoder_stays(tmp_path, make):
    before = dict(make().module.state_dict())
    short = TrainingSettings(steps=1, batch_size=4, probe_every=0)
    long = TrainingSettings(steps=40, batch_size=4, probe_every=0, learning_rate=3e-3)
    _, first = train(tmp_path / "a", short, make=make)
    student, last = train(tmp_path / "b", long, make=make)
    after = student.module.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name, _ in student.encoder_parameters()}
    assert last.forget_loss < first.forget_loss
