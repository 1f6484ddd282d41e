"""No single corruption of a passing report passes: each number that a rule rests on is needed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from efface.evaluation.report import Score
from efface.gate.decide import decide
from tests.gate.reports import MAIN, SCORED, good_report, key_of, policy, swapped

SHA = "d" * 64
GOOD = good_report()

ANY_SCORE: dict[str, Callable[[Score], list[Score]]] = {
    "lost": lambda s: [],
    "doubled": lambda s: [s, s],
    "without a value": lambda s: [replace(s, value=None)],
    "NaN": lambda s: [replace(s, value=float("nan"))],
    "infinite": lambda s: [replace(s, value=float("inf"))],
    "text": lambda s: [replace(s, value=str(s.value))],
    "true": lambda s: [replace(s, value=True)],
    "higher by 0.1": lambda s: [replace(s, value=s.value + 0.1)],
    "lower by 0.1": lambda s: [replace(s, value=s.value - 0.1)],
    "of the other sign": lambda s: [replace(s, value=-s.value)],
    "one image more": lambda s: [replace(s, n=s.n + 1)],
    "one image less": lambda s: [replace(s, n=s.n - 1)],
    "no images": lambda s: [replace(s, n=0)],
    "uncounted": lambda s: [replace(s, n=None)],
    "counted in text": lambda s: [replace(s, n=str(s.n))],
    "no groups": lambda s: [replace(s, clusters=0)],
    "more groups than images": lambda s: [replace(s, clusters=s.n + 1)],
    "another metric": lambda s: [replace(s, metric="kid")],
    "another set": lambda s: [replace(s, set="retain")],
    "another mask": lambda s: [replace(s, mask="random:0.5")],
    "another region": lambda s: [replace(s, region="full")],
    "another side": lambda s: [replace(s, side="during")],
    "another ticket": lambda s: [replace(s, ticket="ticket-7")],
    "another subject": lambda s: [replace(s, subject="subject-7x")],
    "another recipe": lambda s: [replace(s, recipe=key_of("fid", SCORED, "full"))],
    "error not finite": lambda s: [replace(s, standard_error=float("nan"))],
    "interval not finite": lambda s: [replace(s, high=float("inf"))],
    "unhashable": lambda s: [replace(s, set=["forget"])],
}
A_CHANGE: dict[str, Callable[[Score], list[Score]]] = {
    "error negative": lambda s: [replace(s, standard_error=-s.standard_error)],
    "error zero": lambda s: [replace(s, standard_error=0.0)],
    "error ten times smaller": lambda s: [replace(s, standard_error=s.standard_error / 10)],
    "degrees zero": lambda s: [replace(s, degrees=0.0)],
    "degrees above n": lambda s: [replace(s, degrees=1e9)],
    "low end gone": lambda s: [replace(s, low=None)],
    "low end raised": lambda s: [replace(s, low=s.low + 0.1)],
    "high end gone": lambda s: [replace(s, high=None)],
    "high end lowered": lambda s: [replace(s, high=s.high - 0.1)],
    "interval of a point": lambda s: [replace(s, low=s.value, high=s.value)],
}


def survivors(corrupt: Callable[[Score], list[Score]], scores: list[Score]) -> list[Score]:
    """The scores whose corruption went unnoticed."""
    return [
        score for score in scores if decide(swapped(GOOD, score, *corrupt(score)), ALL, SHA).passed
    ]


ALL = policy()


def test_the_report_passes_as_long_as_it_is_whole():
    assert decide(GOOD, ALL, SHA).passed
    assert len(GOOD.scores) == 3 * (11 + 11 + 3)


@pytest.mark.parametrize("name", ANY_SCORE)
def test_a_score_that_is(name):
    assert survivors(ANY_SCORE[name], GOOD.scores) == []


@pytest.mark.parametrize("name", A_CHANGE)
def test_a_change_with(name):
    assert survivors(A_CHANGE[name], GOOD.find(side="change")) == []


@pytest.mark.parametrize("key", GOOD.recipes)
@pytest.mark.parametrize("field", ["name", "weights_sha256", "seed", "mask", "region"])
@pytest.mark.parametrize("value", [None, "", 0, "another"])
def test_a_recipe_with_another(key, field, value):
    changed = {**GOOD.recipes[key], field: value}
    assert not decide(replace(GOOD, recipes={**GOOD.recipes, key: changed}), ALL, SHA).passed


@pytest.mark.parametrize("key", GOOD.recipes)
def test_a_recipe_that_is_lost(key):
    recipes = {k: v for k, v in GOOD.recipes.items() if k != key}
    assert not decide(replace(GOOD, recipes=recipes), ALL, SHA).passed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tickets", None),
        ("tickets", []),
        ("tickets", {"ticket-0": None}),
        ("tickets", {"ticket-0": "subject-0"}),
        ("recipes", None),
        ("recipes", {key: "fid" for key in GOOD.recipes}),
        ("scores", None),
        ("scores", [{"metric": "fid"}]),
        ("scores", []),
        ("hygiene", None),
        ("hygiene", replace(GOOD.hygiene, missing_keys=None)),
        ("hygiene", replace(GOOD.hygiene, not_finite="decoder.weight")),
    ],
)
def test_a_field_of_the_wrong_shape_is_blocked_and_not_a_crash(field, value):
    verdict = decide(replace(GOOD, **{field: value}), ALL, SHA)
    assert not verdict.passed
    assert all(reason.endswith(".") for reason in verdict.reasons)


def test_random_damage_never_turns_a_blocked_report_into_a_passed_one():
    """A thousand random single edits of a report whose only fault is one subject."""
    random = np.random.default_rng(0)
    bad = [s for s in GOOD.scores if s.subject == "subject-3" and s.side == "change"]
    report = swapped(GOOD, bad[0])
    fields = [name for name in vars(report.scores[0]) if name != "recipe"]
    values: list[Any] = [None, 0, 1, -1, 0.3, 1e9, float("nan"), "", "forget", [], {}, True]
    for _ in range(1000):
        score = report.scores[random.integers(len(report.scores))]
        field = fields[random.integers(len(fields))]
        value = values[random.integers(len(values))]
        edited = swapped(report, score, replace(score, **{field: value}))
        assert not decide(edited, policy(MAIN), SHA).passed, (score, field, value)
