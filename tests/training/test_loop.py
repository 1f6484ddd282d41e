import errno
import os
import signal
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path

import pytest
import torch

from efface.errors import InfrastructureError, TrainingError
from efface.methods import METHODS, Method
from efface.storage import LocalStore, open_store
from efface.training.settings import TrainingSettings
from efface.training.state import KEY, TrainingState, load_state, save_state
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae
from tests.training.tiny_training import (
    SETTINGS,
    make_objective,
    mean_losses,
    painter_of_tones,
    same,
    settings_for,
    tones,
    train,
    weights,
)


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
from tests.training.tiny_training import train, SETTINGS
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


def cut(content):
    return content[: len(content) // 2]


def without_its_directory(content):
    return content[:-300] + bytes(300)


def something_else(content):
    stream = BytesIO()
    torch.save([1], stream)
    return stream.getvalue()


DAMAGES = [cut, without_its_directory, something_else, lambda _: b"", lambda _: b"\x80\x02junk"]


def test_a_damaged_state_is_not_taken_up_and_the_training_begins_anew(tmp_path, caplog):
    whole, _ = train(tmp_path)
    state = tmp_path / KEY
    kept = state.read_bytes()
    for number, damage in enumerate(DAMAGES, 1):
        state.write_bytes(damage(kept))
        assert load_state(open_store(str(tmp_path)), "a") is None
        assert caplog.text.count(f"resume=no reason=damaged-state place={state}") == number
    again, outcome = train(tmp_path)
    assert outcome.resumed_from == 0 and same(weights(whole), weights(again))
    assert load_state(open_store(str(tmp_path)), "a").step > 0


def test_a_disk_that_is_full_for_the_state_ends_with_infrastructure_error(tmp_path, monkeypatch):
    class Full(FileIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", lambda path, mode: Full(path, mode))
    state = TrainingState(
        identity="a", step=1, cooldown_from=2, encoder={"w": torch.zeros(9)}, optimizer={}
    )
    with pytest.raises(InfrastructureError, match="disk full while writing .*state.pt"):
        save_state(LocalStore(tmp_path), state)


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

    said = (
        "at step 20: the loss is not finite; the state of step 10 is kept until the run is settled"
    )
    with pytest.raises(TrainingError, match=said):
        train(tmp_path, replace(SETTINGS, save_every=999.0), Method(loss=breaks, uses_targets=True))
    kept = load_state(open_store(str(tmp_path)), "a")
    assert kept.step == 10
    assert all(tensor.isfinite().all() for tensor in kept.encoder.values())


@pytest.mark.parametrize("steps", [1, 10])
def test_what_breaks_down_before_a_state_was_saved_says_that_none_is_kept(tmp_path, steps):
    settings = replace(SETTINGS, steps=steps, learning_rate=1e38, warmup=0)
    with pytest.raises(TrainingError, match="is not finite; none is kept; the model in service is"):
        train(tmp_path, settings)
    assert load_state(open_store(str(tmp_path)), "a") is None


def test_a_run_saves_at_the_first_look_and_no_more_before_it_is_due(tmp_path):
    train(tmp_path, replace(SETTINGS, save_every=999.0))
    assert load_state(open_store(str(tmp_path)), "a").step == 10


def test_a_run_that_has_ended_and_runs_again_tells_its_losses_again(tmp_path):
    _, outcome = train(tmp_path)
    _, again = train(tmp_path)
    assert again.resumed_from == 30
    assert (again.retain_loss, again.forget_loss) == (outcome.retain_loss, outcome.forget_loss)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.loss])
def test_every_method_trains_and_the_decoder_stays(tmp_path, name):
    before = weights(tiny_mae())
    student, outcome = train(tmp_path, method=METHODS[name])
    assert outcome.steps == 40
    encoder = {name for name, _ in student.encoder_parameters()}
    after = weights(student)
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved and moved <= encoder


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("i2i", {}, id="i2i"),
        pytest.param("i2i", {"target": "noise"}, id="i2i-noise"),
        pytest.param("i2i", {"target": "unseen"}, id="i2i-unseen"),
        pytest.param("i2i", {"worst_share": 0.5}, id="i2i-worst-share"),
        pytest.param("i2i-controlled", {}, id="i2i-controlled"),
        pytest.param("random-encoder", {"alpha": 1.0}, id="random-encoder"),
        pytest.param("noisy-label", {"alpha": 1.0}, id="noisy-label"),
        pytest.param("retain-label", {"alpha": 1.0}, id="retain-label"),
        pytest.param("max-loss", {"alpha": 2.0}, id="max-loss"),
    ],
)
def test_every_method_lowers_its_forget_loss(tmp_path, name, changes):
    settings = settings_for(name, steps=50, **changes)
    student, _ = train(tmp_path, settings, METHODS[name])
    objective = make_objective(tmp_path, settings, METHODS[name])
    _, before = mean_losses(tiny_mae(), objective)
    _, after = mean_losses(student, objective)
    assert after < before


def test_max_loss_paints_forget_worse_than_retain_and_than_going_on_with_retain_alone(tmp_path):
    painter, errors = painter_of_tones(), {}
    for name in ("max-loss", "retain-only"):
        settings, make = (
            settings_for(name, steps=60, learning_rate=3e-3),
            partial(deepcopy, painter),
        )
        student, _ = train(tmp_path / name, settings, METHODS[name], make=make, draw=tones)
        objective = make_objective(tmp_path, settings, METHODS["max-loss"], make, draw=tones)
        retain, forget = mean_losses(student, objective)
        errors[name] = retain, -forget
    assert errors["max-loss"][1] > 5 * errors["retain-only"][1]
    assert errors["max-loss"][1] > 3 * errors["max-loss"][0]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("i2i-controlled", {"forget_bound": 0.9}, id="i2i-controlled"),
        pytest.param("i2i", {"target": "noise"}, id="noise"),
        pytest.param("i2i", {"saliency": 0.3, "weight_decay": 0.1}, id="saliency"),
        pytest.param("i2i-controlled", {"saliency": 0.3, "worst_share": 0.5}, id="all-at-once"),
        pytest.param("random-encoder", {}, id="random-encoder"),
        pytest.param("noisy-label", {}, id="noisy-label"),
    ],
)
def test_a_run_taken_up_in_the_middle_reaches_the_same_weights(tmp_path, name, changes):
    # Another probe interval changes no weight; here it is where the run is cut, after step 20.
    settings = settings_for(name, steps=60, save_every=0.0, **changes)
    whole, _ = train(tmp_path / "whole", settings, METHODS[name])

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", replace(settings, probe_every=25), METHODS[name], enough=killed)
    resumed, outcome = train(tmp_path / "cut", settings, METHODS[name])
    assert outcome.resumed_from == 20
    assert same(weights(whole), weights(resumed))


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
