import json

import pytest

from efface.audit.record import read_audit, write_audit
from efface.audit.settings import AuditSettings
from efface.errors import InputError
from tests.audit.given import good_audit


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "audit.json"
    write_audit(path, good_audit(AuditSettings(), {"mask": "centre:4x4"}))
    return path


def test_what_is_written_is_what_is_read(written):
    assert read_audit(written) == good_audit(AuditSettings(), {"mask": "centre:4x4"})


def test_an_absent_audit_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_audit(tmp_path / "audit.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1}'])
def test_damaged_bytes_are_refused(written, content):
    written.write_bytes(content)
    with pytest.raises(InputError):
        read_audit(written)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", "much"),
        ("value", True),
        ("low", float("nan")),
        ("high", float("inf")),
        ("n", 1.5),
        ("n", -1),
        ("clusters", None),
        ("at_least", "no"),
        ("extra", 1),
        ("case", "flip"),
    ],
    ids=str,
)
def test_a_finding_that_cannot_be_is_refused(written, field, value):
    content = json.loads(written.read_text())
    content["results"][0]["findings"][0][field] = value
    written.write_text(json.dumps(content))
    with pytest.raises(InputError, match="make it again"):
        read_audit(written)


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"results": None}, {"results": [1]}, {"results": [{"attack": "detector"}]}],
    ids=str,
)
def test_fields_that_do_not_belong_are_refused(written, change):
    written.write_text(json.dumps({**json.loads(written.read_text()), **change}))
    with pytest.raises(InputError, match="make it again"):
        read_audit(written)


def test_an_unknown_attack_and_one_that_is_there_twice_are_refused(written):
    content = json.loads(written.read_text())
    for results in (
        [{**content["results"][0], "attack": "guessing"}],
        [content["results"][0]] * 2,
    ):
        written.write_text(json.dumps({**content, "results": results}))
        with pytest.raises(InputError, match="make it again"):
            read_audit(written)
