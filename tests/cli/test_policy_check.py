import shutil
import sys
from pathlib import Path

import pytest

from efface.cli import main
from efface.files import sha256_file

DEMO = Path(__file__).parents[2] / "examples" / "fashion"


@pytest.fixture
def policy(tmp_path, monkeypatch):
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)
    shutil.copy(DEMO / "policy.yaml", tmp_path)
    shutil.copytree(DEMO / "extractors", tmp_path / "extractors")
    return tmp_path / "policy.yaml"


def test_a_policy_that_can_be_worked_with_is_told_with_its_rules(policy, capsys):
    assert main(["policy", "check", str(policy)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("fashion-demo: valid, sha256 ")
    assert "extractor weights as pinned, and loaded" in told
    assert "  retain-fid: relative=0.05, absolute=40" in told


def test_weights_of_another_hash_are_refused(policy, capsys):
    weights = policy.parent / "extractors" / "tower" / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"x")
    assert main(["policy", "check", str(policy)]) == 2
    assert "the policy pins" in capsys.readouterr().err


def test_missing_weights_are_refused(policy, capsys):
    shutil.rmtree(policy.parent / "extractors")
    assert main(["policy", "check", str(policy)]) == 2
    told = capsys.readouterr()
    assert "extractors" in told.err and not told.out


def test_extractors_that_cannot_be_worked_with_are_refused(policy, capsys):
    path = policy.parent / "extractors" / "tower" / "config.json"
    pinned = sha256_file(path)
    path.write_text(path.read_text().replace('"image_size": 32', '"image_size": "32"'))
    policy.write_text(policy.read_text().replace(pinned, sha256_file(path)))
    assert main(["policy", "check", str(policy)]) == 2
    told = capsys.readouterr()
    assert "image_size must be a whole number" in told.err and not told.out


def test_without_torch_the_rest_is_checked_and_that_is_said(policy, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "efface.metrics.extractors.loading", None)
    assert main(["policy", "check", str(policy)]) == 0
    assert "not looked at, for want of torch" in capsys.readouterr().out
