import json
from pathlib import Path

import pytest
import torch

from efface.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    InputError,
    TrainingError,
)
from efface.evidence.purge import purge, will_write
from efface.models.checkpoint import compare, fingerprint, load_model, read_record, save_model
from efface.steps import unlearn
from efface.storage import open_store
from efface.tickets.answer import ANSWER
from tests.finished_run import write_set
from tests.steps.unlearn_run import QUICK, write_unlearn_run
from tests.tiny import tiny_mae, tiny_vqgan

BREAKS_DOWN = {**QUICK, "learning_rate": 1e38, "warmup": 0}


@pytest.fixture
def given(tmp_path):
    return write_unlearn_run(tmp_path)


@pytest.mark.parametrize("make", [tiny_mae, tiny_vqgan])
@pytest.mark.parametrize("name", ["i2i", "max-loss"])
def test_the_encoder_moves_and_the_rest_stays(given, tmp_path, make, name):
    save_model(make(), tmp_path / "model", {})
    found = unlearn.run(**{**given, "method": {**QUICK, "name": name}})
    assert found["steps"] == 4
    assert fingerprint(given["before"]) != fingerprint(given["after"])
    hygiene = compare(given["before"], given["after"])
    assert not any(vars(hygiene).values())


def test_before_is_the_model_in_service(given, tmp_path):
    unlearn.run(**given)
    assert fingerprint(given["before"]) == fingerprint(tmp_path / "model")


def test_a_model_in_a_bucket_is_brought_here_and_no_copy_stays(given, tmp_path, bucket):
    for path in (tmp_path / "model").iterdir():
        open_store(bucket).upload(path, f"models/mine/{path.name}")
    unlearn.run(**{**given, "model": f"{bucket}/models/mine"})
    assert fingerprint(given["before"]) == fingerprint(tmp_path / "model")
    assert not (tmp_path / "before-download").exists()


def test_a_model_that_a_bucket_lacks_is_the_users_error(given, bucket):
    with pytest.raises(InputError, match="absent is not a folder"):
        unlearn.run(**{**given, "model": f"{bucket}/models/absent"})


def test_the_same_ticket_and_seed_give_the_same_fingerprint_and_another_seed_another(given):
    found = []
    for number, seed in enumerate((0, 0, 1)):
        after = given["after"].with_name(f"after-{number}")
        changes = {"after": after, "run_id": f"run-{number}", "method": {**QUICK, "seed": seed}}
        unlearn.run(**{**given, **changes})
        found.append(fingerprint(after))
    assert found[0] == found[1] != found[2]


def test_running_again_after_a_kill_gives_the_same_model(given):
    unlearn.run(**given)
    first = fingerprint(given["after"])
    unlearn.run(**given)
    assert fingerprint(given["after"]) == first


def test_the_record_says_where_the_model_comes_from(given):
    unlearn.run(**given)
    lineage = read_record(given["after"])["lineage"]
    assert lineage["base"] == fingerprint(given["before"])
    assert lineage["sets"] == {"forget": "forgetforget", "retain": "retainretain"}
    assert lineage["settings"]["steps"] == 4
    assert (lineage["masks"], lineage["grid"]) == (["centre:2x2"], [4, 4])
    assert lineage["trained"] == {"device": "cpu", "precision": "float32"}


def test_the_method_original_saves_the_same_weights(given):
    unlearn.run(**{**given, "method": {"name": "original"}})
    assert fingerprint(given["before"]) == fingerprint(given["after"])
    assert read_record(given["after"])["lineage"]["masks"] == []


def test_a_training_state_of_other_masks_is_not_taken_up(given):
    keeps = {**given, "method": {**QUICK, "save_every": 1}}
    other = Path(given["policy"]).with_name("other.yaml")
    text = Path(given["policy"]).read_text()
    other.write_text(text.replace('train: ["centre:2x2"]', 'train: ["random:0.5"]'))
    unlearn.run(**{**keeps, "policy": str(other)})
    resumed = given["after"].with_name("resumed")
    unlearn.run(**{**keeps, "after": resumed})
    anew = given["after"].with_name("anew")
    unlearn.run(**{**keeps, "after": anew, "run_id": "run-2"})
    assert fingerprint(resumed) == fingerprint(anew) != fingerprint(given["after"])


def test_everything_that_carries_forgotten_data_is_registered_for_the_purge(given):
    unlearn.run(**{**given, "method": {**QUICK, "steps": 20, "save_every": 0}})
    resume = given["before"].parent / "workspace" / "run-1" / "resume"
    assert (resume / "state.pt").is_file()
    purge(given["workspace"], "run-1")
    assert not any(path.exists() for path in (given["before"], given["after"], resume))


def test_a_model_in_service_is_taken_from_the_registry(given, registry, tmp_path):
    from efface.registry import import_base

    import_base(tmp_path / "model", name="tiny", registry=registry)
    unlearn.run(**{**given, "model": "models:/tiny@champion", "registry": registry})
    assert fingerprint(given["before"]) == fingerprint(tmp_path / "model")
    assert not given["before"].with_name("before-download").exists()


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"model": "nowhere"}, CheckpointError, "neither a folder nor models:/NAME@champion"),
        ({"method": {"name": "gradient"}}, ConfigError, "method 'gradient' unknown: use one of"),
        ({"method": {"epochs": 1}}, ConfigError, "method setting epochs unknown"),
        ({"method": {"name": "max-loss", "target": "noise"}}, ConfigError, "cannot take target"),
        ({"policy": "nowhere.yaml"}, ConfigError, r"nowhere\.yaml cannot be read"),
    ],
    ids=["no-model", "no-method", "no-setting", "no-target", "no-policy"],
)
def test_wrong_input_is_refused_and_nothing_is_written(given, changes, error, said):
    with pytest.raises(error, match=said):
        unlearn.run(**{**given, **changes})
    assert not given["after"].exists()


def test_one_folder_for_before_and_after_is_refused(given):
    with pytest.raises(ConfigError, match="before and after are both"):
        unlearn.run(**{**given, "after": given["before"]})
    assert not given["before"].exists()


def contents(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("place", ["model", "sets", ".", "precious", "dangling"])
def test_a_place_that_holds_something_else_is_refused_and_never_deleted(
    given, tmp_path, side, place
):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "mine.txt").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    there = contents(tmp_path)
    with pytest.raises(ConfigError, match=f"cannot write to {tmp_path / place}: .*another folder"):
        unlearn.run(**{**given, side: tmp_path / place})
    purge(given["workspace"], given["run_id"])
    assert contents(tmp_path) == there


def test_a_model_inside_the_other_is_refused(given):
    with pytest.raises(ConfigError, match="is there, which is read for it"):
        unlearn.run(**{**given, "after": given["before"] / "after"})


@pytest.mark.parametrize("make", [lambda place: place.mkdir(), lambda place: place.touch()])
def test_an_empty_place_is_taken(given, make):
    for side in ("before", "after"):
        make(given[side])
    unlearn.run(**{**given, "method": {"name": "original"}})
    assert fingerprint(given["before"]) == fingerprint(given["after"])


def test_a_folder_where_a_model_would_be_downloaded_to_is_refused(given, bucket, tmp_path):
    save_model(tiny_mae(), tmp_path / "before-download", {})
    with pytest.raises(ConfigError, match="before-download: it is there, and is not empty"):
        unlearn.run(**{**given, "model": f"{bucket}/models/mine"})
    assert (tmp_path / "before-download").exists()


def test_a_model_beside_before_is_not_taken_for_a_download(given, tmp_path):
    (tmp_path / "model").rename(tmp_path / "before-download")
    model = str(tmp_path / "before-download")
    unlearn.run(**{**given, "model": model, "method": {"name": "original"}})
    purge(given["workspace"], given["run_id"])
    assert load_model(tmp_path / "before-download")


def test_what_a_killed_download_left_is_taken_up(given, tmp_path, bucket):
    will_write(given["workspace"], given["run_id"], str(tmp_path / "before-download"))
    (tmp_path / "before-download").mkdir()
    (tmp_path / "before-download" / "half").write_text("half")
    for path in (tmp_path / "model").iterdir():
        open_store(bucket).upload(path, f"models/mine/{path.name}")
    unlearn.run(**{**given, "model": f"{bucket}/models/mine", "method": {"name": "original"}})
    assert not (tmp_path / "before-download").exists()


def test_sets_that_were_never_written_are_refused(given, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        unlearn.run(**{**given, "sets": tmp_path / "nowhere"})


def test_an_image_whose_bytes_do_not_match_its_hash_is_refused(given):
    shard = next((given["sets"] / "retain").rglob("*.tar"))
    content = bytearray(shard.read_bytes())
    content[540] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(DataError):
        unlearn.run(**given)


@pytest.mark.parametrize(
    "method",
    [
        {"name": "i2i-controlled", "worst_share": 0.5},
        {"name": "noisy-label"},
        {"name": "retain-label"},
        {"name": "random-encoder"},
        {"target": "noise", "noise": "constant"},
        {"target": "unseen"},
        {"saliency": 0.5},
    ],
    ids=lambda method: "-".join(map(str, method.values())),
)
def test_every_method_and_target_gives_a_model_with_a_clean_record(given, method):
    write_set(given["sets"] / "control", "control", count=4, seed=2)
    unlearn.run(**{**given, "method": {**QUICK, **method}})
    assert fingerprint(given["before"]) != fingerprint(given["after"])
    assert not any(vars(compare(given["before"], given["after"])).values())


def test_the_kinds_of_noise_and_the_targets_give_different_models(given):
    write_set(given["sets"] / "control", "control", count=4, seed=2)
    choices = [{"noise": kind} for kind in ("gaussian", "uniform", "constant")]
    choices += [{"target": "noise"}, {"target": "unseen"}]
    found = set()
    for number, choice in enumerate(choices):
        unlearn.run(**{**given, "run_id": f"run-{number}", "method": {**QUICK, **choice}})
        found.add(fingerprint(given["after"]))
    assert len(found) == len(choices)


def test_a_mask_that_the_model_cannot_take_is_refused_before_the_training(given, monkeypatch):
    policy = Path(given["policy"])
    policy.write_text(policy.read_text().replace('score: ["', 'score: ["outpaint:9x9", "'))
    assert "outpaint:9x9" in policy.read_text()
    monkeypatch.setattr(unlearn, "train", None)
    with pytest.raises(ConfigError, match=r"masks\.score: mask policy outpaint:9x9 does not fit a"):
        unlearn.run(**given)
    assert not given["before"].exists()


def test_a_held_out_mask_that_is_trained_on_under_another_number_is_refused_before_the_training(
    given, monkeypatch
):
    policy = Path(given["policy"])
    text = policy.read_text().replace('train: ["centre:2x2"]', 'train: ["random:0.5"]')
    policy.write_text(text.replace('held_out: ["outpaint:2x2"]', 'held_out: ["random:0.5001"]'))
    monkeypatch.setattr(unlearn, "train", None)
    with pytest.raises(ConfigError, match=r"holds 'random:0.5001', .* covers on a 4x4 patch grid"):
        unlearn.run(**given)
    assert not given["before"].exists()


@pytest.mark.parametrize(
    ("audit", "said"),
    [
        ('masks: ["centre:9x9"]', r"audit\.masks: mask policy centre:9x9 does not fit a"),
        ("shifts: [1, 16]", r"audit\.shifts: 16 pixels .* use at most 8"),
    ],
)
def test_an_attack_that_the_model_cannot_meet_is_refused_before_the_training(
    given, monkeypatch, audit, said
):
    policy = Path(given["policy"])
    policy.write_text(f"{policy.read_text()}audit: {{attacks: [mask-sweep], {audit}}}\n")
    monkeypatch.setattr(unlearn, "train", None)
    with pytest.raises(ConfigError, match=said):
        unlearn.run(**given)
    assert not given["before"].exists()


@pytest.mark.parametrize("name", ["i2i", "original"])
def test_a_model_that_paints_no_numbers_is_refused_and_the_learning_rate_is_not_blamed(
    given, tmp_path, monkeypatch, name
):
    broken = tiny_mae()
    with torch.no_grad():
        broken.network.vit.layernorm.bias[0] = float("nan")
    save_model(broken, tmp_path / "model", {})
    monkeypatch.setattr(unlearn, "train", None)
    with pytest.raises(CheckpointError, match="such as vit.layernorm.bias") as error:
        unlearn.run(**{**given, "method": {**QUICK, "name": name}})
    assert error.value.exit_code == 2
    assert not given["before"].exists()


def test_the_target_unseen_without_unseen_images_says_what_to_do(given):
    with pytest.raises(DataError, match="control is empty.*import some with split control"):
        unlearn.run(**{**given, "method": {**QUICK, "target": "unseen"}})
    assert not given["after"].exists()


def test_a_training_that_breaks_down_writes_no_model(given):
    with pytest.raises(TrainingError, match="is not finite"):
        unlearn.run(**{**given, "method": BREAKS_DOWN})
    assert not given["after"].exists()


def test_a_training_that_breaks_down_answers_the_tickets_and_a_next_attempt_starts_afresh(given):
    answer = given["before"].parent / "workspace" / "run-1" / ANSWER
    with pytest.raises(TrainingError) as error:
        unlearn.run(**{**given, "method": BREAKS_DOWN})
    assert json.loads(answer.read_text()) == {"passed": False, "reasons": [str(error.value)]}
    unlearn.run(**given)
    assert not answer.exists()


def test_the_largest_seed_trains(given):
    unlearn.run(**{**given, "method": {**QUICK, "seed": 2**63 - 1, "target": "noise"}})
    assert fingerprint(given["before"]) != fingerprint(given["after"])
