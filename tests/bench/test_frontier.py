import pytest

from efface.bench.cell import Bench
from efface.bench.frontier import FACTORS, frontier_methods, frontier_rows, weighted
from efface.errors import ConfigError
from tests.bench.tiny_plan import tiny_plan


def test_each_method_with_a_weight_gets_a_row_for_each_factor():
    methods = {
        "original": {"name": "original"},
        "retain-only": {"name": "retain-only"},
        "i2i-controlled": {"name": "i2i-controlled"},
        "noisy": {"name": "noisy-label", "alpha": 0.2, "steps": 7},
    }
    found = weighted(methods)
    assert [*found] == [f"noisy, alpha {a}" for a in ("0.02", "0.06", "0.2", "0.6")]
    assert found["noisy, alpha 0.6"] == {"name": "noisy-label", "alpha": 0.6, "steps": 7}


def test_another_weight_gives_another_model(tmp_path):
    plan = tiny_plan(tmp_path, methods={"i2i": {"steps": 60, "learning_rate": 0.01}})
    rows = frontier_rows(Bench(plan, tmp_path / "work", quick=False))
    distances = [row.scores["forget distance"].value for row in rows]
    assert len(rows) == len(FACTORS)
    assert distances[0] != distances[-1]
    assert {row.group for row in rows} == {"mae, one ticket, centre:2x2, hole"}


def test_the_plan_says_which_methods_are_compared(tmp_path):
    methods = {"i2i": {"steps": 6}, "noisy": {"name": "noisy-label", "steps": 6}}
    plan = tiny_plan(tmp_path, methods=methods, frontier=["noisy"])
    rows = frontier_rows(Bench(plan, tmp_path / "work", quick=False))
    assert {row.label.split(",")[0] for row in rows} == {"noisy"}


def test_quick_may_compare_fewer(tmp_path):
    methods = {"i2i": {"steps": 6}, "noisy": {"name": "noisy-label", "steps": 6}}
    quick = {"frontier": ["noisy"]}
    plan = tiny_plan(tmp_path, methods=methods, frontier=["i2i", "noisy"], quick=quick)
    found = [frontier_methods(Bench(plan, tmp_path / "work", quick=q)) for q in (True, False)]
    assert [list(one) for one in found] == [["noisy"], ["i2i", "noisy"]]


def test_a_plan_without_a_weight_is_refused(tmp_path):
    plan = tiny_plan(tmp_path, methods={"original": {"name": "original"}})
    with pytest.raises(ConfigError, match=r"no method of the plan \(original\) has a forget loss"):
        frontier_rows(Bench(plan, tmp_path / "work", quick=False))
