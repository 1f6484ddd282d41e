"""Folders and files of a bucket, brought here."""

import pytest

from efface.errors import InfrastructureError, InputError
from efface.storage import open_store
from efface.storage.fetching import fetch_cached, fetch_folder
from efface.storage.s3 import S3Store


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("EFFACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def tower(bucket):
    store = open_store(bucket)
    store.write("extractors/tower/config.json", b"{}")
    store.write("extractors/tower/deep/model.bin", b"weights")
    store.write("extractors/tower-2/config.json", b"another")
    return f"{bucket}/extractors/tower"


def files(folder):
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_folder_comes_whole_and_without_its_neighbours(tower, tmp_path):
    fetch_folder(tower, tmp_path / "here")
    assert files(tmp_path / "here") == {"config.json": b"{}", "deep/model.bin": b"weights"}


def test_what_was_there_before_is_replaced(tower, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "old").write_text("x")
    fetch_folder(f"{tower}/", tmp_path / "here")
    assert "old" not in files(tmp_path / "here")


def test_a_copy_keeps_the_name_of_its_original(tower):
    copy = fetch_cached(tower)
    assert copy.name == "tower"
    assert files(copy) == {"config.json": b"{}", "deep/model.bin": b"weights"}


def test_a_single_file_is_copied_too(tower):
    copy = fetch_cached(f"{tower}/deep/model.bin")
    assert (copy.name, copy.read_bytes()) == ("model.bin", b"weights")


def test_what_has_not_changed_is_not_copied_again(tower, monkeypatch):
    first = fetch_cached(tower)
    monkeypatch.setattr(S3Store, "download", None)
    assert fetch_cached(tower) == first


def test_what_has_changed_is_copied_again(tower, bucket):
    first = fetch_cached(tower)
    open_store(bucket).write("extractors/tower/deep/model.bin", b"WEIGHTS")
    second = fetch_cached(tower)
    assert second != first
    assert (second / "deep" / "model.bin").read_bytes() == b"WEIGHTS"


@pytest.mark.parametrize("fetch", [lambda place, _: fetch_cached(place), fetch_folder])
def test_what_changes_while_it_is_copied_is_left_where_it_is(
    tower, bucket, tmp_path, home, monkeypatch, fetch
):
    download = S3Store.download

    def change_after(store, key, target):
        download(store, key, target)
        open_store(bucket).write("extractors/tower/config.json", b"changed")

    monkeypatch.setattr(S3Store, "download", change_after)
    with pytest.raises(InfrastructureError, match="changed while it was copied: run again"):
        fetch(tower, tmp_path / "here")
    assert files(tmp_path) == {}


@pytest.mark.parametrize("fetch", [lambda place, _: fetch_cached(place), fetch_folder])
@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param("{bucket}/nowhere", "nowhere", id="absent"),
        pytest.param("{bucket}", "whole bucket: give s3://bucket/prefix", id="whole bucket"),
        pytest.param("s3://", "s3://bucket/prefix", id="no bucket"),
    ],
)
def test_a_place_that_cannot_be_is_refused(bucket, tmp_path, fetch, place, told):
    with pytest.raises(InputError, match=told):
        fetch(place.format(bucket=bucket), tmp_path / "here")


def test_a_file_is_no_folder(tower, tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        fetch_folder(f"{tower}/config.json", tmp_path / "here")


def test_a_name_that_leads_elsewhere_is_refused(tower, bucket, tmp_path):
    client = S3Store(bucket)
    client.write("extractors/tower/../../evil", b"x")
    with pytest.raises(InputError, match="rename it"):
        fetch_folder(tower, tmp_path / "here")
