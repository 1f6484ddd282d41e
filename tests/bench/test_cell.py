import pytest
import yaml

from efface.bench.cell import Bench
from efface.bench.gridding import cell_of
from efface.bench.plan import read_plan
from efface.errors import ConfigError
from efface.gate.policy import EvaluationSettings
from efface.gate.reading import read_policy
from efface.storage import open_store
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


def extractors_of(policy):
    return {spec.uri for spec in read_policy(policy).extractors.values()}


def test_a_policy_in_a_bucket_is_read_there_and_its_extractors_too(tmp_path, bucket):
    path = write_plan(tmp_path, policy=f"{bucket}/rules/policy.yaml")
    with pytest.raises(ConfigError, match="policy s3://.* does not exist"):
        read_plan(path)
    open_store(bucket).upload(tmp_path / "policy.yaml", "rules/policy.yaml")
    made = Bench(read_plan(path), tmp_path / "work", quick=False)
    assert extractors_of(made.policy()) == {
        f"small-cnn:{bucket}/rules/extractors/tower",
        f"small-cnn:{bucket}/rules/extractors/classifier",
    }


def test_an_extractor_in_a_bucket_stays_there(tmp_path):
    path = write_plan(tmp_path)
    content = yaml.safe_load((tmp_path / "policy.yaml").read_text())
    content["extractors"]["fid"]["uri"] = "open-clip:RN50:s3://weights/clip.bin"
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(content))
    found = extractors_of(Bench(read_plan(path), tmp_path / "work", quick=False).policy())
    tower = tmp_path / "extractors" / "tower"
    assert found == {f"small-cnn:{tower}", "open-clip:RN50:s3://weights/clip.bin"}


@pytest.mark.parametrize("evaluation", [None, {"max_images": None}, {}])
def test_a_policy_with_nothing_under_evaluation_scores_all(tmp_path, evaluation):
    path = write_plan(tmp_path)
    content = yaml.safe_load((tmp_path / "policy.yaml").read_text()) | {"evaluation": evaluation}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(content))
    made = Bench(read_plan(path), tmp_path / "work", quick=False)
    assert read_policy(made.policy()).evaluation == EvaluationSettings()


def test_quick_takes_the_image_counts_of_the_plan_unless_it_has_its_own(tmp_path):
    path = write_plan(tmp_path, max_images={"holdout": 20}, quick={"settings": {"steps": 3}})
    made = Bench(read_plan(path), tmp_path / "work", quick=True)
    assert read_policy(made.policy()).evaluation.max_images == {"holdout": 20}


def test_a_default_that_is_written_out_is_the_same_training(tmp_path):
    made = Bench(read_plan(write_plan(tmp_path)), tmp_path / "work", quick=False)
    given = {"name": "original"}
    found = [
        made.run(cell_of(made, "mae", "one", {**given, **more})).after
        for more in ({}, {"seed": 0}, {"precision": "float32"}, {"seed": 1})
    ]
    assert found[0] == found[1] == found[2] != found[3]
