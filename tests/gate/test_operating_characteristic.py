"""How often the gate errs, measured over many simulated runs whose truth is known.

Counts of errors are held against binomial bounds that a gate of the stated error rate exceeds once
in a thousand; the seeds are fixed, so a run is not a lottery.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from efface.gate.decide import decide
from efface.gate.intervals import holm
from tests.gate.operating_characteristic import (
    RISE,
    SHA,
    normal,
    passes_with_one_odd_subject,
    tail,
)
from tests.gate.reports import (
    HELD_OUT,
    MAIN,
    changes,
    distances,
    fid,
    forgotten,
    good_report,
    kept,
    policy,
    report_of,
)

LEVEL = 0.05
RUNS = 500


def most(runs: int, rate: float = LEVEL) -> int:
    """Errors that a gate of this rate exceeds once in a thousand."""
    return int(binom.ppf(0.999, runs, rate))


def fewest(runs: int, rate: float) -> int:
    """Errors that a gate of this rate stays below once in a thousand."""
    return int(binom.ppf(0.001, runs, rate))


def test_one_subject_exactly_at_the_threshold_passes_in_five_percent_of_runs_and_no_more():
    passed = passes_with_one_odd_subject(normal(RISE), runs=RUNS)
    assert fewest(RUNS, LEVEL) <= passed <= most(RUNS)


def test_one_subject_that_was_not_forgotten_at_all_never_passes():
    assert passes_with_one_odd_subject(normal(0), runs=100) == 0


def test_one_subject_that_was_forgotten_like_the_others_is_hardly_ever_blocked():
    passed = passes_with_one_odd_subject(normal(0.3), runs=100)
    assert passed == 100


def test_changes_with_a_long_upper_tail_make_the_gate_stricter_not_laxer():
    """A few images that changed a lot must not carry a subject that did not."""
    passed = passes_with_one_odd_subject(tail(1), runs=RUNS)
    assert passed <= most(RUNS)


def test_changes_with_a_long_lower_tail_pass_more_often_than_five_percent_as_the_page_admits():
    """Student's interval is too short here: docs/gate.md gives 9.7 % for thirty images."""
    passed = passes_with_one_odd_subject(tail(-1), runs=RUNS)
    assert fewest(RUNS, 0.097) <= passed <= most(RUNS, 0.097)


@pytest.mark.parametrize("subjects", [1, 2, 10, 100])
def test_when_no_subject_was_forgotten_holm_names_any_as_forgotten_in_at_most_five_percent(
    subjects,
):
    random = np.random.default_rng(subjects)
    runs = 3000
    wrong = sum(any(holm(list(p), LEVEL)) for p in random.random((runs, subjects)))
    assert wrong <= most(runs)


@pytest.mark.parametrize("forgotten", [1, 50, 99])
def test_however_many_others_were_forgotten_holm_rarely_names_one_that_was_not(forgotten):
    random = np.random.default_rng(forgotten)
    runs, subjects = 2000, 100
    p_values = random.random((runs, subjects))
    p_values[:, :forgotten] = 0
    wrong = sum(any(holm(list(p), LEVEL)[forgotten:]) for p in p_values)
    assert wrong <= most(runs)


def test_without_the_correction_a_hundred_unforgotten_subjects_would_nearly_always_yield_one():
    """What Holm is for: the plain test would name some subject as forgotten in 99 of 100 runs."""
    random = np.random.default_rng(0)
    wrong = sum((p <= LEVEL).any() for p in random.random((1000, 100)))
    assert wrong > 980


def test_a_retain_fid_exactly_at_its_ceiling_passes_in_at_most_five_percent_of_runs():
    """The estimate scatters around a true rise of exactly 5 %."""
    runs, error, degrees = 500, 0.2, 19
    random = np.random.default_rng(3)
    base = good_report()
    others = [score for score in base.scores if score.metric != "fid"]
    rises = 0.05 * 15.7 + error * random.normal(size=runs)
    errors = error * np.sqrt(random.chisquare(degrees, runs) / degrees)
    passed = sum(
        decide(
            replace(base, scores=others + fid(15.7, 15.7 + rise, error=spread)), policy(MAIN), SHA
        ).passed
        for rise, spread in zip(rises, errors, strict=True)
    )
    assert fewest(runs, LEVEL) <= passed <= most(runs)


def test_damage_exactly_at_the_margin_passes_in_at_most_five_percent_of_runs():
    """Fifty subjects of six images that stay, with a spread between subjects as well as within."""
    runs, margin = 300, 0.02
    random = np.random.default_rng(11)
    base = good_report()
    others = [score for score in base.scores if score.set != "holdout"] + fid(15.7, 15.9)
    people = [f"kept-{index}" for index in range(50) for _ in range(6)]
    passed = 0
    for _ in range(runs):
        between = np.repeat(random.normal(margin, 0.02, 50), 6)
        scores = distances(between + random.normal(0, 0.02, 300), people, set_name="holdout")
        asked = policy({**MAIN, "retain-distance": {"margin": margin}})
        passed += decide(replace(base, scores=others + scores), asked, SHA).passed
    assert fewest(runs, LEVEL) <= passed <= most(runs)


def test_small_subjects_judged_by_the_pooled_spread_pass_in_at_most_five_percent_at_the_threshold():
    """One subject of two images exactly at the threshold, eleven others lend their spread."""
    rules = {**MAIN, "forget-distance-rises": {"minimum_rise": RISE, "small_subjects": "pooled"}}
    runs = 300
    change = changes(0.3, subjects=12, images=20)
    base = report_of(change, fid(15.7, 15.9))
    others = [score for score in base.scores if score.set != "forget" or score.mask == HELD_OUT]
    passed = 0
    for seed in range(runs):
        values = np.random.default_rng(seed).normal(RISE, 0.08, 2)
        scores = forgotten({**change, ("ticket-1", "subject-11"): values}) + others
        passed += decide(replace(base, scores=scores), policy(rules), SHA).passed
    assert fewest(runs, LEVEL) <= passed <= most(runs)


def test_a_good_model_is_passed_in_every_one_of_fifty_runs():
    passed = 0
    for seed in range(50):
        others = fid(15.7, 15.9) + kept(0.005, set_name="holdout", n=600, seed=seed)
        others += kept(0.02, set_name="neighbours", n=300, seed=seed + 1000)
        passed += decide(report_of(changes(0.3, seed=seed), others), policy(), SHA).passed
    assert passed == 50
