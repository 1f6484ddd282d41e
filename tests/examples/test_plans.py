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
