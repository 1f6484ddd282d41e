"""Two processes over gloo, started once, against one process."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from efface.methods import METHODS
from efface.storage import open_store
from efface.training.batches import draw_batch
from efface.training.group import ALONE, BUCKET, Group, _buckets
from efface.training.state import load_state
from tests.tiny import tiny_latent, tiny_mae
from tests.training.in_a_group import CASES, method_of, train_case
from tests.training.tiny_training import make_objective, settings_for, weights

TOLERANCE = 5e-4
"""Distance of two models over the distance they moved. The gradients differ by rounding only (see
the test of shares); AdamW divides by their size, so weights with next to no gradient show it more.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr"]
    command += ["127.0.0.1", "--nproc-per-node", "2", "-m", "tests.training.in_a_group"]
    subprocess.run([*command, str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def kept(folder):
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def distance(first, second):
    return sum(float((first[name] - second[name]).square().sum()) for name in first) ** 0.5


def gradient(objective, student, parameters):
    retain, forget = objective.losses(student, draw_batch(objective.plan, 3))
    loss = retain + 0.25 * forget
    found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in found])


@pytest.mark.parametrize("case", [case for case in CASES if "worst_share" not in CASES[case]])
def test_the_shares_of_a_gradient_add_up_to_the_whole_but_for_rounding(tmp_path, case):
    settings = settings_for(method_of(case), batch_size=7, **CASES[case])
    objective, student = make_objective(tmp_path, settings, METHODS[method_of(case)]), tiny_mae()
    parameters = [parameter for _, parameter in student.encoder_parameters()]
    shares = [replace(objective, group=Group(rank=rank, size=2)) for rank in range(2)]
    whole = gradient(objective, student, parameters)
    added = sum(gradient(share, student, parameters) for share in shares)
    assert float((added - whole).norm() / whole.norm()) < 2e-6


@pytest.mark.parametrize("case", CASES)
def test_two_processes_reach_the_weights_of_one(kept, tmp_path, case):
    start, alone = weights(tiny_mae()), weights(train_case(tmp_path, case)[0])
    assert distance(alone, kept[0][case]) < TOLERANCE * distance(alone, start)


def test_two_processes_reach_the_weights_of_one_with_a_diffusion_model(kept, tmp_path):
    start, alone = (
        model.module.state_dict()
        for model in (tiny_latent(), train_case(tmp_path, "i2i", make=tiny_latent)[0])
    )
    assert distance(alone, kept[0]["latent"]) < TOLERANCE * distance(alone, start)


@pytest.mark.parametrize("case", [*CASES, "latent"])
def test_all_processes_hold_the_same_weights_bit_for_bit(kept, case):
    assert distance(kept[0][case], kept[1][case]) == 0


def test_the_first_process_decides_to_stop_early_and_all_do(kept):
    assert kept[0]["early"] == kept[1]["early"] == 2 + 6


def test_a_loss_that_is_not_finite_on_one_process_stops_all_and_the_last_good_state_stays(
    folder, kept
):
    assert "step 20" in kept[0]["nan"]
    assert kept[0]["nan"] == kept[1]["nan"]
    state = load_state(open_store(str(folder / "nan")), "nan")
    assert state.step == 10
    assert all(tensor.isfinite().all() for tensor in state.encoder.values())


def test_what_is_sent_at_a_time_is_bounded_and_everything_is_sent():
    sizes = [1, BUCKET, 5, BUCKET - 5, 1]
    buckets = list(_buckets([torch.empty(size, device="meta") for size in sizes]))
    assert [[t.numel() for t in bucket] for bucket in buckets] == [
        [1],
        [BUCKET],
        [5, BUCKET - 5],
        [1],
    ]


def test_a_group_of_one_sends_nothing():
    tensor = torch.ones(3)
    assert ALONE.total(tensor) is tensor
    assert ALONE.decided(True)
    assert ALONE.named("a") == "a"
