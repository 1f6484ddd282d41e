import pytest

from efface.audit.membership import membership
from tests.audit.given import by_case, four_sets, models, pictures, tiny_view


def test_images_of_one_distribution_are_not_told_apart():
    sets = {name: given for name, given in four_sets(60).items()}
    found = by_case(membership(*models(), sets, tiny_view()))
    for members in ("forget", "retain"):
        for side in ("before", "after"):
            finding = found[f"{members} {side}, AUC"]
            assert finding.low < 0.5 < finding.high
            assert finding.value == pytest.approx(0.5, abs=0.15)
            assert finding.n == 120


def test_the_same_images_on_both_sides_give_exactly_one_half():
    sets = dict.fromkeys(("forget", "control", "retain", "holdout"), pictures(20))
    found = by_case(membership(*models(), sets, tiny_view()))
    assert found["forget after, AUC"].value == 0.5


def test_too_few_others_give_a_sentence_instead_of_a_share():
    found = by_case(membership(*models(), four_sets(99), tiny_view()))
    share = found["forget before, TPR at 1 % FPR"]
    assert share.value is None
    assert "at least 100 others are needed" in share.note


def test_enough_others_give_a_share_with_an_interval():
    found = by_case(membership(*models(), four_sets(100), tiny_view()))
    share = found["retain after, TPR at 1 % FPR"]
    assert 0 <= share.low <= share.value <= share.high <= 1
