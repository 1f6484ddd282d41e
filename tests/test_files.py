import errno
import json
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from efface.errors import InfrastructureError, InputError
from efface.files import read_json, sha256_file, whole_file, whole_folder, write_bytes, write_json


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path):
    write_bytes(tmp_path / "deep" / "a", b"content")
    assert (tmp_path / "deep" / "a").read_bytes() == b"content"
    assert names(tmp_path / "deep") == ["a"]


def test_a_failure_while_writing_leaves_the_former_file(tmp_path):
    write_bytes(tmp_path / "a", b"former")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a") as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert (tmp_path / "a").read_bytes() == b"former"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("write", [whole_file, whole_folder])
def test_a_full_or_closed_disk_is_an_infrastructure_error_and_leaves_nothing(tmp_path, write, code):
    with pytest.raises(InfrastructureError, match="a"), write(tmp_path / "a"):
        raise OSError(code, os.strerror(code))
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", [whole_file, whole_folder])
def test_a_disk_that_is_full_for_safetensors_is_one_too(tmp_path, write):
    said = "Error while serializing: I/O error: No space left on device (os error 28)"
    with pytest.raises(InfrastructureError, match="disk full"), write(tmp_path / "a"):
        raise SafetensorError(said)
    assert names(tmp_path) == []
    with pytest.raises(SafetensorError), write(tmp_path / "a"):
        raise SafetensorError("Error while deserializing header: header too large")


def test_a_folder_replaces_the_former_one_whole(tmp_path):
    for content in ("first", "second"):
        with whole_folder(tmp_path / "f") as temporary:
            (temporary / content).write_text(content)
    assert names(tmp_path / "f") == ["second"]
    assert names(tmp_path) == ["f"]


def test_a_folder_takes_the_place_of_an_empty_file(tmp_path):
    (tmp_path / "f").touch()
    with whole_folder(tmp_path / "f") as temporary:
        (temporary / "a").write_text("a")
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["a"]


def test_a_kill_while_a_folder_is_replaced_leaves_no_half_of_the_former(tmp_path, monkeypatch):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a").write_text("a")
    seen = []
    monkeypatch.setattr("shutil.rmtree", lambda folder, **_: seen.append(Path(folder)))
    with whole_folder(tmp_path / "f") as temporary:
        (temporary / "b").write_text("b")
    assert tmp_path / "f" not in seen
    assert names(tmp_path / "f") == ["b"]


def test_files_and_folders_are_readable_as_the_umask_says(tmp_path):
    former = os.umask(0o022)
    try:
        write_bytes(tmp_path / "a", b"")
        with whole_folder(tmp_path / "f"):
            pass
    finally:
        os.umask(former)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o755


def test_json_goes_to_disk_and_back_and_nan_is_refused(tmp_path):
    write_json(tmp_path / "a", {"version": 1, "x": [1.5]})
    assert read_json(tmp_path / "a", kind="thing", version=1) == {"version": 1, "x": [1.5]}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b", {"version": 1, "x": float("nan")})
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("{", "is not JSON"),
        ('{"version": 1, "version": 1}', "version given twice"),
        ("[]", "has version None"),
        (json.dumps({"version": 2}), "has version 2; this efface reads version 1"),
        ('{"version": true}', "has version True"),
        ('{"version": 1.0}', "has version 1.0"),
    ],
    ids=["absent", "not-json", "twice", "a-list", "another-version", "true", "a-fraction"],
)
def test_a_document_that_cannot_be_read_says_why(tmp_path, content, said):
    if content is not None:
        (tmp_path / "a").write_text(content)
    with pytest.raises(InputError, match=said):
        read_json(tmp_path / "a", kind="thing", version=1)


def test_a_hash_is_that_of_the_bytes(tmp_path):
    write_bytes(tmp_path / "a", b"abc")
    assert sha256_file(tmp_path / "a").startswith("ba7816bf")


@pytest.mark.parametrize("name", [".", "x" * 300, "file/inside"])
def test_a_path_that_can_never_be_written_is_the_users_to_change(tmp_path, name):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="give another path"):
        write_bytes(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no file"):
        write_bytes(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()


def test_an_open_file_is_not_written_by_the_name_that_the_system_gives_it(tmp_path):
    with (tmp_path / "redirected").open("wb") as stream:
        place = Path(f"/dev/fd/{stream.fileno()}")  # as /dev/stdout > redirected
        with pytest.raises(InputError, match="it is a device; give the path of a file"):
            write_bytes(place, b"content")


def test_no_file_is_made_among_the_devices():
    place = Path("/dev/efface-test")
    try:
        with pytest.raises(InputError, match="it is a device"):
            write_bytes(place, b"content")
    finally:
        place.unlink(missing_ok=True)


def test_a_pipe_is_no_document(tmp_path):
    os.mkfifo(tmp_path / "report.json")
    with pytest.raises(InputError, match=r"report .*report\.json is a pipe or a device"):
        read_json(tmp_path / "report.json", kind="report", version=1)
