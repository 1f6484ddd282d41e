import json
from pathlib import Path

import pytest

from efface.errors import InputError
from efface.evidence.purge import Purged, purge, resolve_place, will_write


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    return str(tmp_path / "workspace")


def noted_folder(workspace: str, tmp_path: Path, name: str = "sets") -> Path:
    folder = tmp_path / "artifacts" / name
    will_write(workspace, "run", str(folder))
    (folder / "forget").mkdir(parents=True)
    (folder / "forget" / "00000.tar").write_bytes(b"0" * 100)
    (folder / "sets.json").write_bytes(b"{}")
    return folder


def test_a_noted_folder_is_deleted_and_counted(workspace: str, tmp_path: Path) -> None:
    folder = noted_folder(workspace, tmp_path)
    found = purge(workspace, "run")
    assert found.purged == [Purged(place=str(folder), files=2, bytes=102)]
    assert not folder.exists()


def test_a_noted_file_is_deleted(workspace: str, tmp_path: Path) -> None:
    file = tmp_path / "artifacts" / "forget.parquet"
    will_write(workspace, "run", str(file))
    file.parent.mkdir()
    file.write_bytes(b"123")
    assert purge(workspace, "run").purged == [Purged(place=str(file), files=1, bytes=3)]
    assert not file.exists()


def test_what_was_not_noted_stays(workspace: str, tmp_path: Path) -> None:
    folder = noted_folder(workspace, tmp_path)
    beside = folder.with_name("sets-of-someone-else")
    beside.mkdir()
    (beside / "kept").write_text("kept")
    noted_by_another_run = tmp_path / "artifacts" / "other"
    will_write(workspace, "other-run", str(noted_by_another_run))
    noted_by_another_run.mkdir()
    purge(workspace, "run")
    assert (beside / "kept").exists()
    assert noted_by_another_run.exists()


def test_what_a_killed_writer_left_goes_too(workspace: str, tmp_path: Path) -> None:
    folder = noted_folder(workspace, tmp_path)
    torn = folder.with_name(".sets.ab12_x9z")
    torn.mkdir()
    (torn / "00000.tar").write_bytes(b"12345")
    hidden = folder.with_name(".sets.configuration")
    hidden.write_text("kept")
    assert purge(workspace, "run").purged[0].bytes == 107
    assert (torn.exists(), hidden.exists()) == (False, True)


def test_purging_twice_is_fine(workspace: str, tmp_path: Path) -> None:
    folder = noted_folder(workspace, tmp_path)
    purge(workspace, "run")
    assert purge(workspace, "run").purged == [Purged(place=str(folder), files=0, bytes=0)]


def test_a_place_that_was_never_written_is_fine(workspace: str, tmp_path: Path) -> None:
    will_write(workspace, "run", str(tmp_path / "deep" / "er" / "never"))
    assert purge(workspace, "run").not_purged == []


def test_a_link_goes_and_what_it_points_to_stays(workspace: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    place = tmp_path / "artifacts" / "link"
    will_write(workspace, "run", str(place))
    place.parent.mkdir()
    place.symlink_to(outside)
    assert purge(workspace, "run").not_purged == []
    assert (outside / "kept").exists()
    assert not place.is_symlink()


def test_the_runs_own_records_stay(workspace: str, tmp_path: Path) -> None:
    will_write(workspace, "run", f"{workspace}/run/resume")
    (Path(workspace) / "run" / "resume").mkdir()
    (Path(workspace) / "run" / "outcome.json").write_text("{}")
    purge(workspace, "run")
    assert not (Path(workspace) / "run" / "resume").exists()
    assert (Path(workspace) / "run" / "outcome.json").exists()


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("/", id="root"),
        pytest.param("/tmp", id="one-level"),
        pytest.param("~", id="home"),
        pytest.param("{workspace}", id="workspace"),
        pytest.param("{workspace}/run", id="run"),
        pytest.param("{workspace}/run/purge", id="notes"),
        pytest.param("/data/sets/../../etc", id="dots"),
        pytest.param("s3://bucket", id="bucket"),
        pytest.param("/minio/bucket/", id="mounted-bucket"),
        pytest.param("https://example.org/x", id="web"),
        pytest.param("", id="empty"),
    ],
)
def test_a_place_that_holds_more_is_refused(workspace: str, place: str) -> None:
    given = place.replace("~", str(Path.home())).format(workspace=workspace)
    with pytest.raises(InputError):
        will_write(workspace, "run", given)


def test_a_run_id_that_leaves_the_workspace_is_refused(workspace: str) -> None:
    with pytest.raises(InputError, match="run id"):
        will_write(workspace, "../other", "/data/sets")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/s3/bucket/a/b", "s3://bucket/a/b"),
        ("/minio/mlpipeline/v2/artifacts/x", "minio://mlpipeline/v2/artifacts/x"),
        ("/gcs/bucket/a", "s3://bucket/a"),
        ("minio://mlpipeline/a/", "minio://mlpipeline/a"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("/data/s3/a", "/data/s3/a"),
        ("file:///data/a/", "/data/a"),
        ("relative/a", str(Path("relative/a").absolute())),
    ],
)
def test_a_place_has_one_name(given: str, expected: str) -> None:
    assert resolve_place(given) == expected


def test_a_note_that_was_changed_is_refused(workspace: str, tmp_path: Path) -> None:
    folder = noted_folder(workspace, tmp_path)
    victim = tmp_path / "precious" / "data"
    victim.mkdir(parents=True)
    [note] = (Path(workspace) / "run" / "purge").iterdir()
    content = json.loads(note.read_text()) | {"place": str(victim)}
    note.write_text(json.dumps(content))
    found = purge(workspace, "run")
    assert victim.exists()
    assert "not written by this run" in found.not_purged[0].reason
    assert folder.exists()


def test_one_place_that_cannot_be_purged_does_not_keep_the_others(
    workspace: str, tmp_path: Path
) -> None:
    folder = noted_folder(workspace, tmp_path)
    (Path(workspace) / "run" / "purge" / "torn.json").write_text("{")
    found = purge(workspace, "run")
    assert [entry.place for entry in found.not_purged] == ["noted in purge/torn.json"]
    assert not folder.exists()
