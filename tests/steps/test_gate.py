"""The gate as a step: whatever it is given, a verdict and an outcome are on disk afterwards."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from efface.audit.record import write_audit
from efface.audit.settings import AuditSettings
from efface.errors import InfrastructureError
from efface.evaluation.report import write_report
from efface.files import sha256_file
from efface.gate.verdict import read_verdict
from efface.models.checkpoint import RECORD, fingerprint
from efface.steps import gate
from efface.storage import open_store
from tests.audit.given import good_audit
from tests.gate.reports import (
    CLASSIFIER,
    RULES,
    SHAPED,
    TOWER,
    changes,
    good_others,
    good_report,
    report_of,
)


class Run:
    """A report, a policy and a model that pass, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.report = folder / "report.json"
        self.policy = folder / "policy.yaml"
        self.after = folder / "after"
        self.out = folder / "verdict.json"
        self.audit = None
        self.after.mkdir()
        (self.after / "config.json").write_text('{"model_type": "vit_mae"}')
        self.write_settings(image_mean=[0.5])
        self.write_model(1.0)
        self.policy.write_text(yaml.safe_dump(POLICY))
        self.write(good_report())

    def write_model(self, value):
        tensors = {"encoder.weight": np.full((2, 3), value, np.float32)}
        save_file(tensors, self.after / "model.safetensors")

    def write_settings(self, **settings):
        (self.after / "preprocessor_config.json").write_text(json.dumps(settings))

    def write_record(self, *, of=None, **lineage):
        made = {"base": good_report().before, "masks": ["centre:4x4"], "grid": [8, 8], **lineage}
        record = {"version": 2, "fingerprint": of or fingerprint(self.after), "lineage": made}
        (self.after / RECORD).write_text(json.dumps(record))

    def write(self, report):
        write_report(self.report, replace(report, after=fingerprint(self.after)))
        self.write_record()

    def judge(self):
        passed = gate.run(
            report=self.report,
            policy=str(self.policy),
            after=self.after,
            run_id="run-1",
            workspace=str(self.folder / "workspace"),
            out=self.out,
            audit=self.audit,
        )
        verdict = read_verdict(self.out)
        outcome = json.loads((self.folder / "workspace" / "run-1" / "outcome.json").read_text())
        assert outcome == {"passed": passed, "reasons": verdict.reasons}
        assert passed == verdict.passed == (not verdict.reasons)
        return verdict


POLICY = {
    "version": 1,
    "name": "simulated",
    "extractors": {
        "distance": {"uri": "small-cnn:tower", "sha256": TOWER, **SHAPED},
        "fid": {"uri": "small-cnn:classifier", "sha256": CLASSIFIER, **SHAPED},
    },
    "masks": {"train": ["centre:4x4"], "score": ["centre:4x4"], "held_out": ["outpaint:6x6"]},
    "evaluation": {"seed": 7},
    "rules": RULES,
}


@pytest.fixture
def given(tmp_path):
    return Run(tmp_path)


def test_a_good_run_passes_and_its_verdict_pins_the_very_bytes(given):
    verdict = given.judge()
    assert verdict.passed, verdict.reasons
    assert verdict.report_sha256 == sha256_file(given.report)
    assert verdict.policy_sha256 == sha256_file(given.policy)
    assert verdict.after == fingerprint(given.after)


def test_a_policy_in_a_bucket_is_pinned_by_its_bytes(given, bucket):
    open_store(bucket).upload(given.policy, "policy.yaml")
    digest = sha256_file(given.policy)
    given.policy = f"{bucket}/policy.yaml"
    assert given.judge().policy_sha256 == digest


def test_storage_that_does_not_answer_is_no_verdict(given, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    given.policy = f"{bucket}/policy.yaml"
    with pytest.raises(InfrastructureError, match="does not answer"):
        given.judge()
    assert not given.out.exists()


def test_a_bad_run_is_an_answer_and_not_an_error(given):
    given.write(report_of(changes(0.0), good_others()))
    verdict = given.judge()
    assert verdict.reasons[0].startswith("forget-distance-rises: ")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"version": 2}', b'{"version": 1}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "newer", "no fields", "not text", "endless"],
)
def test_an_unreadable_report_blocks(given, content):
    given.report.write_bytes(content)
    verdict = given.judge()
    assert verdict.reasons[0].startswith("report: ")
    assert verdict.report_sha256 == sha256_file(given.report)


def test_an_absent_report_blocks(given):
    given.report.unlink()
    verdict = given.judge()
    assert "does not exist" in verdict.reasons[0]
    assert verdict.report_sha256 == ""


@pytest.mark.parametrize("change", [{"extra": 1}, {"hygiene": [1]}, {"scores": [{"n": 1}]}])
def test_a_report_with_fields_that_do_not_belong_blocks(given, change):
    given.report.write_text(json.dumps({**json.loads(given.report.read_text()), **change}))
    assert given.judge().reasons[0].startswith("report: ")


@pytest.mark.parametrize("field", ["value", "n", "standard_error", "low", "high", "recipe"])
def test_a_report_tampered_with_in_one_number_blocks(given, field):
    content = json.loads(given.report.read_text())
    (score,) = [s for s in content["scores"] if (s["metric"], s["side"]) == ("fid", "change")]
    score[field] = -1000
    given.report.write_text(json.dumps(content))
    assert given.judge().reasons[0].startswith("retain-fid: ")


def test_a_report_cut_short_by_a_full_disk_blocks(given):
    content = given.report.read_bytes()
    given.report.write_bytes(content[: len(content) // 2])
    assert "is not JSON" in given.judge().reasons[0]


def test_nan_in_the_report_blocks(given):
    text = given.report.read_text().replace('"value": 15.9', '"value": NaN')
    given.report.write_text(text)
    assert "not a finite number" in given.judge().reasons[0]


@pytest.mark.parametrize("content", ["", "version: 2", "rules: {}", "version: 1\nname: x\n"])
def test_a_policy_that_cannot_be_used_blocks(given, content):
    given.policy.write_text(content)
    verdict = given.judge()
    assert verdict.reasons[0].startswith("policy: ")
    assert verdict.policy_sha256 == sha256_file(given.policy)


def test_a_policy_with_an_unknown_rule_blocks(given):
    rules = {**RULES, "looks-fine": {}}
    given.policy.write_text(yaml.safe_dump({**POLICY, "rules": rules}))
    assert "'looks-fine' unknown" in given.judge().reasons[0]


def test_an_absent_policy_blocks(given):
    given.policy.unlink()
    assert given.judge().reasons[0].startswith("policy: ")


def test_another_model_than_the_report_is_about_blocks(given):
    given.write_model(2.0)
    verdict = given.judge()
    assert "evaluate this model, then run the gate again" in verdict.reasons[0]
    assert verdict.after == fingerprint(given.after)


def test_other_settings_than_those_of_the_model_that_was_scored_block(given):
    given.write_settings(image_mean=[0.4])
    verdict = given.judge()
    assert "evaluate this model, then run the gate again" in verdict.reasons[0]
    assert verdict.after == fingerprint(given.after)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"masks": ["centre:4x4", "outpaint:6x6"]}, "trained with the masks centre:4x4, outpaint:"),
        ({"masks": ["random:0.5"]}, "masks.train of the policy is centre:4x4: unlearn with this"),
        ({"masks": []}, "trained with the masks (none), but masks.train"),
        (
            {"base": "9" * 64},
            "made of the model 999999999999, but the report compares it with 1111",
        ),
        ({"of": "9" * 64}, "efface.json is of the model 999999999999, not of "),
        ({"masks": None}, "does not say how the model was made (lineage.masks: None is not of"),
        ({"grid": [8]}, "does not say how the model was made (lineage.grid: [8] is too short)"),
        ({"grid": [0, 8]}, "does not say how the model was made (lineage.grid[0]: 0 is less than"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_model_that_was_not_made_as_the_policy_and_the_report_say_blocks(given, record, said):
    given.write_record(**record)
    (reason,) = given.judge().reasons
    assert reason.startswith("checkpoint: ") and said in reason


def test_a_model_without_a_record_of_its_training_blocks(given):
    (given.after / RECORD).write_text('{"version": 2, "fingerprint": "", "lineage": {}}')
    assert "'base' is a required property): unlearn it with" in given.judge().reasons[0]
    (given.after / RECORD).unlink()
    assert given.judge().reasons[0].startswith("checkpoint: checkpoint record ")


def test_held_out_masks_that_the_model_was_trained_on_under_another_number_block(given):
    masks = {**POLICY["masks"], "train": ["random:0.5"], "held_out": ["random:0.5001"]}
    given.policy.write_text(yaml.safe_dump({**POLICY, "masks": masks}))
    given.write_record(masks=["random:0.5"])
    (reason,) = given.judge().reasons
    assert "masks.held_out holds 'random:0.5001'" in reason and "8x8 patch grid" in reason


def test_the_model_in_service_saved_again_is_blocked_by_the_rules(given):
    found = replace(good_report(), before=fingerprint(given.after))
    given.write(found)
    given.write_record(base=found.before, masks=[])
    assert not [reason for reason in given.judge().reasons if reason.startswith("checkpoint")]
    given.write(replace(report_of(changes(0.0), good_others()), before=found.before))
    given.write_record(base=found.before, masks=[])
    assert given.judge().reasons[0].startswith("forget-distance-rises: ")


@pytest.mark.parametrize("content", [b"", b"short", b"\x08" + b"\x00" * 7 + b"not json"])
def test_a_damaged_checkpoint_blocks(given, content):
    (given.after / "model.safetensors").write_bytes(content)
    assert given.judge().reasons[0].startswith("checkpoint: ")


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000])
def test_damaged_settings_of_a_checkpoint_block(given, content):
    (given.after / "preprocessor_config.json").write_bytes(content)
    assert given.judge().reasons[0].startswith("checkpoint: ")


def test_an_absent_checkpoint_blocks(given):
    (given.after / "model.safetensors").unlink()
    verdict = given.judge()
    assert verdict.reasons[0].startswith("checkpoint: ")
    assert verdict.after == ""


def test_a_folder_in_place_of_the_report_blocks(given):
    given.report.unlink()
    given.report.mkdir()
    assert given.judge().reasons[0].startswith("report: ")


def test_an_audit_that_is_given_is_pinned_by_the_verdict(given):
    given.audit = given.folder / "audit.json"
    found = good_audit(AuditSettings(), {}, after=fingerprint(given.after), sets=good_report().sets)
    write_audit(given.audit, found)
    verdict = given.judge()
    assert verdict.passed, verdict.reasons
    assert verdict.audit_sha256 == sha256_file(given.audit)


def test_an_audit_that_cannot_be_read_blocks_whatever_the_policy_asks(given):
    given.audit = given.folder / "audit.json"
    for content in (b"", b"{", b'{"version": 1}', b"[" * 100_000):
        given.audit.write_bytes(content)
        assert given.judge().reasons[0].startswith("audit: ")
    given.audit.unlink()
    assert "does not exist" in given.judge().reasons[0]


def test_a_rule_about_an_audit_that_is_absent_blocks(given):
    rules = {**RULES, "relearning": {}}
    section = {"attacks": ["relearning"]}
    given.policy.write_text(yaml.safe_dump({**POLICY, "rules": rules, "audit": section}))
    (reason,) = given.judge().reasons
    assert reason.startswith("relearning: There is no audit")
