import os
import shutil

import pytest
import yaml

from efface.bench.cell import Bench
from efface.bench.gridding import cell_of
from efface.bench.plan import read_plan
from efface.errors import CheckpointError, ConfigError
from efface.files import sha256_file
from efface.gate.policy import EvaluationSettings
from efface.gate.reading import read_policy
from efface.models.checkpoint import save_model
from efface.steps import unlearn
from efface.storage import open_store
from tests.bench.tiny_plan import write_plan
from tests.tiny import tiny_mae, tiny_vqgan


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Made once: its model takes seconds to train."""
    return write_plan(tmp_path_factory.mktemp("plan")).parent


@pytest.fixture
def made(world, tmp_path):
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    return Bench(read_plan(tmp_path / "bench.yaml"), tmp_path / "work", quick=False)


def test_scores_are_kept_when_only_rules_change_and_made_anew_for_another_seed(made, tmp_path):
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


def test_an_extractor_of_another_configuration_makes_sets_models_and_scores_anew(made, tmp_path):
    config = tmp_path / "extractors" / "tower" / "config.json"
    policy = tmp_path / "policy.yaml"

    def run():
        return made.run(cell_of(made, "mae", "one", {"name": "original"}))

    def recipes(result):
        return {recipe["configuration_sha256"] for recipe in result.report.recipes.values()}

    first, pinned = run(), sha256_file(config)
    config.write_text(config.read_text().replace('"image_size": 16', '"image_size": 12'))
    policy.write_text(policy.read_text().replace(pinned, sha256_file(config)))
    again = run()
    assert again.sets != first.sets
    assert sha256_file(config) in recipes(again) and pinned in recipes(first) - recipes(again)
    assert again.report.scores != first.report.scores


def test_the_scores_of_an_extractor_of_another_configuration_are_made_anew(made, tmp_path):
    """The one for FID chooses no sets: reports alone are made anew."""
    config = tmp_path / "extractors" / "classifier" / "config.json"
    policy = tmp_path / "policy.yaml"

    def run():
        return made.run(cell_of(made, "mae", "one", {"name": "original"}))

    first, pinned = run(), sha256_file(config)
    config.write_text(config.read_text().replace('"image_size": 16', '"image_size": 12'))
    policy.write_text(policy.read_text().replace(pinned, sha256_file(config)))
    again = run()
    assert (again.sets, again.after) == (first.sets, first.after)
    assert again.report.scores != first.report.scores


@pytest.mark.parametrize(("every", "anew"), [(2, True), (0, False)])
def test_a_training_that_may_stop_early_is_made_anew_for_another_rule(made, tmp_path, every, anew):
    policy = tmp_path / "policy.yaml"

    def run():
        method = {"name": "i2i", "steps": 2, "batch_size": 4, "probe_every": every}
        return made.run(cell_of(made, "mae", "one", method)).after

    first = run()
    policy.write_text(policy.read_text().replace("minimum_rise: 1.0e-09", "minimum_rise: 1.0e-08"))
    assert read_policy(policy).rules["forget-distance-rises"]["minimum_rise"] == 1e-8
    assert (run() != first) == anew


def test_the_policy_is_written_whole_and_once(made, monkeypatch):
    """Other processes on the work folder may be reading it."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            made.policy()
    assert not [*made.work.rglob("*.yaml")]
    path = made.policy()
    first = path.stat()
    assert made.policy() == path
    assert path.stat().st_mtime_ns == first.st_mtime_ns and path.stat().st_ino == first.st_ino


def test_a_policy_that_a_killed_process_left_half_written_is_written_again(made):
    path = made.policy()
    whole = path.read_text()
    path.write_text(whole[:100])
    assert made.policy() == path and path.read_text() == whole


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
    other = {"uri": "open-clip:RN50:s3://weights/clip.bin", "sha256": "0" * 64}
    content["extractors"]["fid"] = other
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


def test_a_default_that_is_written_out_is_the_same_training(made):
    given = {"name": "original"}
    found = [
        made.run(cell_of(made, "mae", "one", {**given, **more})).after
        for more in ({}, {"seed": 0}, {"precision": "float32"}, {"seed": 1})
    ]
    assert found[0] == found[1] == found[2] != found[3]


def test_a_model_of_other_settings_is_scored_anew(made, tmp_path):
    first = made.run(cell_of(made, "mae", "one", {"name": "original"}))
    settings = tmp_path / "model" / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace("0.5", "0.4"))
    again = made.run(cell_of(made, "mae", "one", {"name": "original"}))
    assert again.after != first.after and again.report.scores != first.report.scores


def test_a_finished_model_that_cannot_stand_for_an_unlearned_one_is_refused_and_not_kept(
    made, tmp_path, monkeypatch
):
    save_model(tiny_vqgan(), tmp_path / "other", {})
    save_model(tiny_mae(image_size=32), tmp_path / "larger", {})
    shutil.copytree(tmp_path / "model", tmp_path / "damaged")
    config = tmp_path / "damaged" / "config.json"
    config.write_text(config.read_text().replace('"hidden_size": 16', '"hidden_size": 24'))
    monkeypatch.setattr(unlearn, "run", None)
    for name, error, said in (
        ("other", ConfigError, "other is of the architecture EffaceTokenPainter"),
        ("larger", CheckpointError, "different image sizes"),
        ("damaged", CheckpointError, "damaged: not a readable ViT-MAE checkpoint"),
    ):
        with pytest.raises(error, match=said):
            made.run(cell_of(made, "mae", "one", {"name": "original"}, made=tmp_path / name))
    assert not [*(made.work / "models").glob("*/cell.json")]
