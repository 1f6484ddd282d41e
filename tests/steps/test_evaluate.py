import shutil

import pytest

from efface.errors import CheckpointError, ConfigError, InputError
from efface.evaluation.statistics_file import read_statistics
from efface.evidence.purge import purge
from efface.models.checkpoint import save_model
from efface.settings import read_settings
from efface.steps import evaluate
from efface.storage import open_store
from tests.tiny import tiny_mae
from tests.tiny_run import make_run


@pytest.fixture
def given(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_HOME", str(tmp_path / "home"))
    place = {"run_id": "run-1", "workspace": str(tmp_path / "workspace")}
    return {**make_run(tmp_path), **place, "out": tmp_path / "statistics"}


def test_a_shard_is_scored_down_to_statistics(given):
    assert evaluate.run(shard="forget-00000", **given) == 10
    (found,) = read_statistics(given["out"])
    assert (found.set, found.shard, len(found.sample_id)) == ("forget", "forget-00000", 10)


def test_a_policy_and_its_extractors_in_a_bucket_give_the_same_statistics(given, tmp_path, bucket):
    evaluate.run(shard="forget-00000", **given)
    first = given["out"].read_bytes()
    for name in ("policy.yaml", "tower", "classifier"):
        for path in [tmp_path / name, *(tmp_path / name).glob("*")]:
            if path.is_file():
                key = f"rules/{path.relative_to(tmp_path).as_posix()}"
                open_store(bucket).upload(path, key)
    evaluate.run(shard="forget-00000", **{**given, "policy": f"{bucket}/rules/policy.yaml"})
    assert given["out"].read_bytes() == first


def test_a_mounted_policy_may_name_extractors_in_a_bucket(given, tmp_path, bucket):
    for path in tmp_path.glob("*/*"):
        if path.parent.name in ("tower", "classifier"):
            open_store(bucket).upload(path, f"extractors/{path.parent.name}/{path.name}")
    text = (tmp_path / "policy.yaml").read_text()
    mounted = tmp_path / "etc" / "policy.yaml"
    mounted.parent.mkdir()
    mounted.write_text(text.replace("small-cnn:", f"small-cnn:{bucket}/extractors/"))
    assert evaluate.run(shard="forget-00000", **{**given, "policy": str(mounted)}) == 10


def test_several_shards_of_several_sets_go_into_one_file(given):
    assert evaluate.run(shard="forget-00001+retain-00000", **given) == 12
    found = read_statistics(given["out"])
    assert [one.shard for one in found] == ["forget-00001", "retain-00000"]


def test_held_out_masks_are_scored_on_forget_and_not_on_retain(given):
    evaluate.run(shard="forget-00001+retain-00000", **given)
    forget, retain = read_statistics(given["out"])
    assert {key.mask for key in forget.distances} == {"centre:2x2", "outpaint:2x2"}
    assert {key.mask for key in retain.distances} == {"centre:2x2"}


def test_the_limit_holds_for_the_whole_set_and_takes_the_lowest_ranks(given):
    assert evaluate.run(shard="holdout-00000", **given) == 10
    assert evaluate.run(shard="holdout-00001", **given) == 5
    (found,) = read_statistics(given["out"])
    assert sorted(found.sample_id) == sorted(f"holdout-{number}" for number in range(10, 15))


def test_features_of_holdout_are_kept_for_the_next_model_and_those_of_forget_are_not(
    given, tmp_path
):
    evaluate.run(shard="holdout-00000+forget-00000", **given)
    kept = tmp_path / "home" / "cache" / "reference"
    assert [folder.name for folder in kept.iterdir()] == ["holdout-print-holdout"]


def test_the_second_evaluation_gives_the_same_bytes_as_the_first(given):
    evaluate.run(shard="holdout-00000", **given)
    first = given["out"].read_bytes()
    evaluate.run(shard="holdout-00000", **given)
    assert given["out"].read_bytes() == first


def test_what_a_model_of_other_settings_paints_is_not_taken_from_the_one_before(given):
    evaluate.run(shard="holdout-00000", **given)
    settings = given["before"] / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace("0.5", "0.4"))
    evaluate.run(shard="holdout-00000", **given)
    after_the_first = given["out"].read_bytes()
    shutil.rmtree(read_settings().home)
    evaluate.run(shard="holdout-00000", **given)
    assert given["out"].read_bytes() == after_the_first


def test_the_statistics_are_noted_as_a_private_copy_and_purged(given):
    evaluate.run(shard="forget-00000", **given)
    done = purge(given["workspace"], given["run_id"])
    assert [copy.place for copy in done.purged] == [str(given["out"])]
    assert not given["out"].exists()


def test_a_folder_in_the_place_of_the_statistics_is_refused_and_never_purged(given, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="precious: it is a folder; give the path of a file"):
        evaluate.run(shard="forget-00000", **{**given, "out": tmp_path / "precious"})
    purge(given["workspace"], given["run_id"])
    assert (tmp_path / "precious" / "mine.txt").read_text() == "mine"


def test_an_unknown_shard_is_refused(given):
    with pytest.raises(InputError, match="shard 'forget-00009' is not in"):
        evaluate.run(shard="forget-00009", **given)


def test_models_that_do_not_compare_are_refused(given):
    shutil.rmtree(given["after"])
    save_model(tiny_mae(image_size=32), given["after"], {})
    with pytest.raises(CheckpointError, match="different image sizes"):
        evaluate.run(shard="forget-00000", **given)


def test_extractor_weights_that_the_policy_does_not_pin_are_refused(given, tmp_path):
    shutil.copy(tmp_path / "classifier" / "model.safetensors", tmp_path / "tower")
    with pytest.raises(ConfigError, match="the policy pins"):
        evaluate.run(shard="forget-00000", **given)
