from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from efface.bench.plan import read_plan

PLANS = sorted((Path(__file__).parents[2] / "examples" / "fashion").glob("*bench*.yaml"))
CALIBRATION = PLANS[0].with_name("calibration.yaml")


@pytest.mark.parametrize("path", [*PLANS, CALIBRATION], ids=lambda path: path.stem)
def test_a_plan_that_comes_with_the_demo_is_one(path):
    plan = read_plan(path)
    assert {"i2i", "i2i-output"} <= plan.methods.keys()
    assert all(place.is_dir() for found in plan.retrained.values() for place in found.values())


def test_retraining_is_counted_under_the_masks_that_the_demo_trains_with(monkeypatch):
    monkeypatch.syspath_prepend(CALIBRATION.parent)
    script = import_module("train_model")
    expected = Counter()
    for stage, masks in script.MASKS.items():
        for text in masks:
            expected[text] += script.STEPS[stage] / len(masks) / sum(script.STEPS.values())
    given = read_plan(CALIBRATION.with_name("bench.yaml")).retraining["mae"]["masks"]
    assert {text: n / len(given) for text, n in Counter(given).items()} == pytest.approx(
        expected, abs=0.01
    )
