from pathlib import Path

import pytest
import torch

from efface.gate.reading import read_policy
from efface.metrics.extractors import load_extractor

DEMO = Path(__file__).parents[3] / "examples" / "fashion"


@pytest.mark.parametrize(
    ("role", "name"), [("distance", "fashion-tower"), ("fid", "fashion-classifier")]
)
def test_the_demo_policy_pins_the_weights_that_are_there(role, name):
    policy = read_policy(DEMO / "policy.yaml")
    extractor = load_extractor(policy.extractors[role], policy.folder)
    assert extractor.name == name
    assert extractor.embed(torch.rand(2, 1, 32, 32)).shape == (2, 64)


@pytest.mark.parametrize("folder", ["tower", "classifier"])
def test_the_demo_extractors_are_small(folder):
    assert (DEMO / "extractors" / folder / "model.safetensors").stat().st_size < 2**20


def test_the_log_of_their_training_is_kept():
    text = (DEMO / "extractors" / "training.log").read_text()
    assert text.count("holdout_accuracy") == 4
