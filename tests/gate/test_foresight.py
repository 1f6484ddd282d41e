"""What the gate will block for too few images is told before anything is trained."""

from dataclasses import replace

from efface.gate.foresight import out_of_reach
from efface.gate.policy import EvaluationSettings
from tests.gate.reports import RULES, policy

ENOUGH = {"forget": 20, "holdout": 2000, "neighbours": 50}


def test_with_enough_images_nothing_is_told():
    assert out_of_reach(policy(), ENOUGH) == []


def test_each_rule_that_asks_for_more_is_named_with_what_there_is():
    told = out_of_reach(policy(), {"forget": 19, "holdout": 499})
    assert len(told) == 5
    assert told[0].startswith("retain-fid asks for 500 images of holdout, and 499 of 499 will be s")
    counts = [one for one in told if one.startswith("sample-counts")]
    assert [one.split()[3:7] for one in counts] == [
        ["20", "images", "of", "forget,"],
        ["500", "images", "of", "holdout,"],
        ["50", "images", "of", "neighbours,"],
    ]
    assert any(one.startswith("neighbours-distance asks for 20") for one in told)


def test_a_limit_of_the_policy_counts_and_is_told():
    few = replace(policy(), evaluation=EvaluationSettings(seed=7, max_images={"holdout": 100}))
    told = out_of_reach(few, ENOUGH)
    assert "100 of 2000 will be scored (max_images allows 100): the gate will block" in told[0]


def test_rules_that_only_report_are_left_out():
    rules = {**RULES, "sample-counts": {**RULES["sample-counts"], "report_only": True}}
    told = out_of_reach(policy(rules), {**ENOUGH, "forget": 1})
    assert told == []
