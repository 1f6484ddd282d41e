import yaml

from efface.bench.cell import Bench
from efface.bench.gridding import cell_of
from efface.bench.plan import read_plan
from efface.gate.reading import read_policy
from tests.bench.tiny_plan import write_plan


def test_scores_are_kept_when_only_rules_change_and_made_anew_for_another_seed(tmp_path):
    made = Bench(read_plan(write_plan(tmp_path)), tmp_path / "work", quick=False)
    policy = tmp_path / "policy.yaml"
    content = yaml.safe_load(policy.read_text())

    def run():
        found = made.run(cell_of(made, "mae", "one", {"name": "original"}))
        return found.report, len([*(made.work / "reports").glob("*.json")])

    first, count = run()
    assert count == 1
    content["rules"]["retain-fid"]["relative"] = 0.77
    policy.write_text(yaml.safe_dump(content))
    assert read_policy(made.policy()).rules["retain-fid"]["relative"] == 0.77
    assert run() == (first, 1)
    content["evaluation"]["seed"] = 5
    policy.write_text(yaml.safe_dump(content))
    again, count = run()
    assert count == 2 and again != first


def test_a_default_that_is_written_out_is_the_same_training(tmp_path):
    made = Bench(read_plan(write_plan(tmp_path)), tmp_path / "work", quick=False)
    given = {"name": "original"}
    found = [
        made.run(cell_of(made, "mae", "one", {**given, **more})).after
        for more in ({}, {"seed": 0}, {"precision": "float32"}, {"seed": 1})
    ]
    assert found[0] == found[1] == found[2] != found[3]
