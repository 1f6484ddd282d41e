import json
import shutil
from pathlib import Path

import pytest

from efface.audit.record import read_audit
from efface.audit.settings import ATTACKS
from efface.cli import main
from efface.errors import CheckpointError, ConfigError, InputError
from efface.evidence.purge import purge
from efface.models.checkpoint import fingerprint, save_model
from efface.steps import audit
from tests.finished_run import SUBJECTS, write_set
from tests.tiny import tiny_mae, tiny_vqgan
from tests.tiny_run import make_run

AUDIT = """
audit: {{attacks: [{}], images: 12, jpeg: [75], shifts: [1],
         relearn_images: 4, relearn_steps: 2, relearn_repeats: 2}}
"""


@pytest.fixture
def given(tmp_path):
    paths = make_run(tmp_path)
    write_set(tmp_path / "sets" / "control", "control", count=12, seed=9)
    plan = json.loads((tmp_path / "sets" / "sets.json").read_text())
    plan["sets"]["control"] = {"samples": 12, "fingerprint": "c" * 64, "shards": []}
    (tmp_path / "sets" / "sets.json").write_text(json.dumps(plan))
    return {**paths, "out": tmp_path / "audit.json"}


def ask(given, *attacks):
    with open(given["policy"], "a") as policy:
        policy.write(AUDIT.format(", ".join(attacks)))


def test_every_attack_that_is_asked_for_is_in_the_record(given):
    ask(given, *ATTACKS)
    assert audit.run(**given) == list(ATTACKS)
    found = read_audit(given["out"])
    assert [result.attack for result in found.results] == list(ATTACKS)
    assert found.after == fingerprint(given["after"])
    assert found.settings["relearn_steps"] == 2
    assert all(result.findings and result.recipe for result in found.results)


def test_the_record_names_nobody(given):
    ask(given, "membership", "detector")
    audit.run(**given)
    text = given["out"].read_text()
    assert not [name for name in (*SUBJECTS, "subject-0", "forget-0") if name in text]
    assert len(text) < 20_000


def test_a_policy_that_names_no_attack_gets_an_empty_record(given):
    assert audit.run(**given) == []
    assert read_audit(given["out"]).results == []


def test_a_missing_set_is_refused(given):
    ask(given, "encoder-swap")
    path = given["sets"] / "sets.json"
    plan = json.loads(path.read_text())
    del plan["sets"]["control"]
    path.write_text(json.dumps(plan))
    with pytest.raises(InputError, match="no control set"):
        audit.run(**given)


def test_models_that_do_not_compare_are_refused(given):
    ask(given, "encoder-swap")
    save_model(tiny_mae(image_size=32), given["after"], {})
    with pytest.raises(CheckpointError, match="different image sizes"):
        audit.run(**given)


def test_models_of_different_families_are_refused(given):
    ask(given, "encoder-swap")
    save_model(tiny_vqgan(), given["after"], {})
    with pytest.raises(CheckpointError, match=r"different families \(mae, vqgan\)"):
        audit.run(**given)


def test_a_set_of_one_image_is_audited_and_says_what_it_lacks(given):
    ask(given, "mask-sweep", "membership", "detector", "embedding-probe")
    for name in ("forget", "control"):
        shutil.rmtree(given["sets"] / name)
        write_set(given["sets"] / name, name, count=1, seed=3)
    audit.run(**given)
    found = {r.attack: {f.case: f for f in r.findings} for r in read_audit(given["out"]).results}
    trained = found["embedding-probe"]["after, decoder trained on these images"]
    assert trained.value is None and "one to train on" in trained.note
    assert found["detector"]["after"].value is None


def test_a_picture_moved_out_of_its_frame_is_refused_before_any_attack(given):
    ask(given, "mask-sweep")
    policy = Path(given["policy"])
    policy.write_text(policy.read_text().replace("shifts: [1]", "shifts: [16]"))
    with pytest.raises(ConfigError, match=r"audit\.shifts: 16 pixels .* use at most 8"):
        audit.run(**given)


def test_the_command_runs_it_and_says_where_the_record_is(given, capsys, monkeypatch):
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)
    ask(given, "encoder-swap")
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    assert main(["audit", *words]) == 0
    assert capsys.readouterr().out == f"encoder-swap: {given['out']}\n"


def test_nothing_that_is_written_needs_a_purge(given, tmp_path):
    ask(given, "mask-sweep")
    before = set(tmp_path.rglob("*"))
    audit.run(**given)
    assert set(tmp_path.rglob("*")) - before == {given["out"]}
    assert purge(str(tmp_path / "workspace"), "run-1").purged == []
