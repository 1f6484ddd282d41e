from dataclasses import replace

import pytest

from efface.evaluation.report import Report, Score
from efface.evidence.tables import recipes, score_rows, subject_rows, tiles
from efface.evidence.titles import interval, number, signed
from tests.finished_run import SUBJECTS, make_report


@pytest.fixture
def report() -> Report:
    return make_report("1" * 64, "2" * 64, rise=0.3)


def test_a_row_holds_before_after_and_change(report):
    row = score_rows(report)[0]
    assert (row.set, row.title) == ("forget set", "cosine distance (fashion-tower)")
    assert (row.before.value, row.after.value, row.change.value) == ("0.200", "0.500", "+0.300")
    assert row.n == "2,000"


def test_recipes_that_differ_in_mask_and_region_alone_are_shown_once(report):
    assert [recipe.title for recipe in recipes(report)] == [
        "[1] fashion-tower",
        "[2] fashion-classifier",
    ]
    assert {row.recipe for row in score_rows(report)} == {1, 2}


def test_the_tiles_are_the_scores_of_the_main_rules(report):
    assert [(tile.set, tile.wanted) for tile in tiles(score_rows(report))] == [
        ("forget set", "should rise"),
        ("neighbours", "should stay"),
        ("retain set", "should stay"),
        ("holdout", "should stay"),
    ]


def test_the_least_forgotten_subject_comes_first(report):
    scores = [
        replace(score, value=0.21)
        if (score.subject, score.side) == (SUBJECTS[1], "after")
        else score
        for score in report.scores
    ]
    found = subject_rows(replace(report, scores=scores), "centre:2x2")
    assert [row.subject for row in found] == [SUBJECTS[1], SUBJECTS[0]]


def test_a_subject_without_a_number_is_left_out_of_the_plot(report):
    scores = [replace(score, value=None) if score.subject else score for score in report.scores]
    assert subject_rows(replace(report, scores=scores), "centre:2x2") == []


def test_a_score_without_a_value_is_a_dash(report):
    scores = [replace(score, value=None, low=None, high=None) for score in report.scores]
    row = score_rows(replace(report, scores=scores))[0]
    assert (row.before.value, row.change.value, row.change.interval) == ("–", "–", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0, "0"),
        (0.00012, "0.00012"),
        (0.0421, "0.042"),
        (11.2, "11.20"),
        (312, "312.0"),
    ],
)
def test_numbers_have_about_three_digits(value, shown):
    assert number(value) == shown


def test_a_change_has_its_sign():
    assert (signed(0.5), signed(-0.5)) == ("+0.500", "\N{MINUS SIGN}0.500")


def test_a_lopsided_interval_shows_both_ends(report):
    score: Score = report.scores[0]
    assert interval(score).startswith("± ")
    assert interval(replace(score, low=0.1, high=0.21)) == "0.100 to 0.210"
