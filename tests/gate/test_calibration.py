import math

import pytest

from efface.gate.calibration import THRESHOLDS, critical_value, pass_rate, rate, suggest
from efface.gate.calibration import with_thresholds as moved
from efface.gate.decide import decide
from efface.gate.rules import RULES
from tests.gate.reports import (
    changes,
    fid,
    good_others,
    good_report,
    kept,
    policy,
    renamed,
    report_of,
)

RISE, FID, RETAIN, NEAR = THRESHOLDS


def risen(mean, seed=0):
    return report_of(changes(mean, seed=seed), good_others())


def damaged(after):
    return report_of(changes(0.3), kept(0.005, set_name="holdout", n=2000) + fid(15.7, after))


def test_a_report_passes_up_to_its_critical_value_and_not_beyond():
    report = good_report()
    for threshold in THRESHOLDS:
        value = critical_value(report, policy(), threshold)
        stricter = 1 + 1e-6 if threshold.stricter_up else 1 - 1e-6
        for factor, passes in ((1 / stricter, True), (stricter, False)):
            settings = {**policy().rules[threshold.rule], threshold.key: value * factor}
            asked = policy({**policy().rules, threshold.rule: settings})
            assert (pass_rate(asked, [report]).count == 1) is passes, threshold


def test_a_run_is_judged_with_the_seed_that_it_was_scored_with():
    report = renamed(good_report(), seed=8)
    assert not decide(report, policy(), "").passed
    assert pass_rate(policy(), [report]).count == 1


def test_what_passes_nothing_has_no_critical_value():
    assert critical_value(risen(-0.3), policy(), RISE) == 0
    assert critical_value(good_report(scores=[]), policy(), FID) == math.inf


def test_a_threshold_lies_between_good_and_bad():
    good, bad = [risen(0.3, s) for s in range(5)], [risen(0.1, s) for s in range(5)]
    found = suggest(policy(), RISE, good, {"left": bad}, first=5)
    assert max(found.bad["left"]) < found.suggested < min(found.good)
    asked = moved(policy(), [found])
    assert pass_rate(asked, good).count == 5 and pass_rate(asked, bad).count == 0
    found = suggest(policy(), FID, [damaged(15.9)], {"run": [damaged(25.0)]}, first=1)
    assert found.good[0] < found.suggested < found.bad["run"][0]


def test_a_margin_is_never_suggested_beyond_what_a_policy_may_ask_for():
    far = report_of(changes(0.3), kept(1.2, set_name="holdout", n=2000))
    nothing = good_report(scores=[])  # passes no margin, so that the good run's is doubled
    found = suggest(policy(), RETAIN, [far], {"run": [nothing]}, first=1)
    assert 1 < found.good[0] < 2
    assert RULES[RETAIN.rule].settings(margin=found.suggested).margin == RETAIN.largest


def test_a_threshold_is_taken_from_the_first_seeds_and_values_are_given_of_all():
    good, bad = [risen(0.3), risen(0.1)], [risen(0.1), risen(0.3)]
    found = suggest(policy(), RISE, good, {"left": bad}, first=1)
    alone = suggest(policy(), RISE, good[:1], {"left": bad[:1]}, first=1)
    assert found.suggested == alone.suggested is not None
    assert found.good == found.bad["left"][::-1]
    assert found.good[0] > found.good[1]
    # On the other seed good and bad have changed places: the suggestion is wrong, and that is told.
    assert (found.good_passed.count, found.bad_passed.count) == (0, 1)
    assert (found.good_passed.n, found.bad_passed.n) == (1, 1)


def test_where_good_and_bad_overlap_nothing_is_suggested_and_nothing_moves():
    mixed = [risen(0.3), risen(0.1)]
    found = suggest(policy(), RISE, mixed, {"left": mixed}, first=2)
    assert found.suggested is found.good_passed is found.bad_passed is None
    assert moved(policy(), [found]) == policy()


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(0, 20, 0.0, 0.168433), (20, 20, 0.831567, 1.0), (5, 20, 0.086571, 0.491046)],
)
def test_rates_have_clopper_pearson_intervals(count, n, low, high):
    found = rate(count, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_no_run_says_nothing():
    assert (rate(0, 0).low, rate(0, 0).high) == (0, 1)
