from dataclasses import replace

import numpy as np
import pytest
import torch

from efface.gate.reading import read_policy
from efface.models.checkpoint import load_model
from efface.training.settings import TrainingSettings
from efface.training.stopping import Reading, is_enough, make_probe, worst_lower_bound
from tests.tiny_run import make_run


def reading(rise, change):
    return Reading(worst_rise=rise, retain_fid_change=change)


@pytest.mark.parametrize(
    ("rise", "change", "enough"),
    [
        (0.2, 0.01, True),
        (0.11, 0.01, False),
        (0.2, 0.06, False),
        (float("nan"), 0.01, False),
        (0.2, float("nan"), False),
    ],
    ids=["both-pass", "rise-within-margin", "retain-damaged", "rise-nan", "fid-nan"],
)
def test_enough_needs_both_main_rules(rise, change, enough):
    assert is_enough(reading(rise, change), minimum_rise=0.1, relative=0.05) is enough


def test_one_subject_that_was_not_forgotten_decides():
    rise = np.concatenate([np.full(50, 0.4), np.zeros(5)])
    assert worst_lower_bound(rise, ["a"] * 50 + ["b"] * 5) == 0


def test_the_lower_bound_lies_below_the_mean_by_the_students_quantile():
    rise = np.array([0.1, 0.2, 0.3])
    expected = 0.2 - 2.919986 * 0.1 / 3**0.5
    assert worst_lower_bound(rise, ["a"] * 3) == pytest.approx(expected, rel=1e-5)


def test_a_subject_with_one_image_counts_with_that_image():
    assert worst_lower_bound(np.array([0.5, 0.3]), ["a", "b"]) == 0.3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def probe(run, *, minimum_rise, relative, every=1):
    policy = read_policy(run["policy"])
    rules = {
        "forget-distance-rises": {"minimum_rise": minimum_rise},
        "retain-fid": {"relative": relative},
    }
    settings = TrainingSettings(probe_every=every)
    before = load_model(run["before"])
    asked = replace(policy, rules=rules)
    return make_probe(before, run["sets"], asked, settings, torch.device("cpu"))


def test_the_model_in_service_is_not_enough_until_nothing_is_asked(run):
    same = load_model(run["before"])
    assert not probe(run, minimum_rise=0.0, relative=0.0)(same)
    assert probe(run, minimum_rise=-0.001, relative=0.0)(same)


def test_another_model_is_enough_only_inside_both_limits(run):
    other = load_model(run["after"])
    assert probe(run, minimum_rise=-2.0, relative=1e9)(other)
    assert not probe(run, minimum_rise=2.0, relative=1e9)(other)
    assert not probe(run, minimum_rise=-2.0, relative=-1.0)(other)


def test_without_probing_nothing_is_measured_and_nothing_is_enough(run):
    assert not probe(run, minimum_rise=-2.0, relative=1e9, every=0)(None)
