import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from efface.data import importing
from efface.data.chunks import Chunk, Done, pack_chunk
from efface.data.importing import import_images
from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.errors import ConfigError, DataError, InputError
from efface.storage import open_store
from tests.data.pictures import encoded, picture, put_folder

PEOPLE = {"anna": (5, "train"), "ben": (4, "train"), "cleo": (3, "holdout"), "dan": (2, "control")}


def test_a_folder_of_colour_images_becomes_a_dataset(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    result = import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    assert (result.samples, result.subjects, result.shards, result.rejected) == (14, 4, 1, [])
    manifest = read_manifest(open_store(str(tmp_path / "out")))
    assert Counter(manifest["split"].to_pylist()) == {"train": 9, "holdout": 3, "control": 2}
    assert manifest["sample_id"][0].as_py() == "anna/000.png"
    assert manifest["rights_holder"].unique().to_pylist() == ["studio"]


def test_imported_images_are_read_at_any_size(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    images, rows = read_images(tmp_path / "out", size=24, channels=3)
    assert images.shape == (14, 3, 24, 24)
    assert images.std() > 20
    assert rows.num_rows == 14


def test_bytes_are_kept_as_they_were(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    row = read_manifest(open_store(str(tmp_path / "out"))).slice(3, 1).to_pylist()[0]
    shard = (tmp_path / "out" / row["shard"]).read_bytes()
    original = (tmp_path / "in" / row["sample_id"]).read_bytes()
    assert shard[row["offset"] : row["offset"] + row["length"]] == original


def test_several_processes_give_the_same_bytes_as_one(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    places = [tmp_path / "one", tmp_path / "two"]
    for workers, place in enumerate(places, start=1):
        import_images(str(tmp_path / "in"), table, str(place), workers=workers, samples_per_shard=5)
    one, two = ({p.name: p.read_bytes() for p in place.rglob("*.*")} for place in places)
    assert one == two
    shards = [p for p in sorted(one) if p != "manifest.parquet"]
    assert [p.partition("-")[0] for p in shards] == ["00000", "00001", "00002"]


def test_images_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    (tmp_path / "in/anna/001.webp").write_bytes(encoded(picture(1, (99, 99)))[:900])
    (tmp_path / "in/ben/000.jpeg").write_bytes(b"not an image")
    (tmp_path / "in/cleo/001.webp").unlink()
    result = import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    listed = list(csv.DictReader((tmp_path / "out/rejected.csv").read_text().splitlines()))
    lines = table.read_text().splitlines()
    assert result.samples == 14 - len(result.rejected) == 11
    assert [lines[int(r["line"]) - 1].split(",")[0] for r in listed] == [
        r["sample"] for r in listed
    ]
    reasons = " | ".join(r["reason"] for r in listed)
    assert "damaged image" in reasons
    assert "not an image that can be read" in reasons
    assert "does not exist" in reasons


def test_an_import_without_any_good_image_is_refused(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", {"anna": (3, "train")})
    for image in (tmp_path / "in/anna").iterdir():
        image.write_bytes(b"")
    with pytest.raises(DataError, match="none of the 3 images could be imported"):
        import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    assert [p.name for p in (tmp_path / "out").rglob("*.*")] == ["rejected.csv"]


def test_an_absent_source_is_refused_before_its_images(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", {"anna": (1, "train")})
    with pytest.raises(InputError, match="is not a folder"):
        import_images(str(tmp_path / "none"), table, str(tmp_path / "out"), workers=1)


def test_an_import_without_workers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 workers: give at least 1"):
        import_images(str(tmp_path), tmp_path / "table.csv", str(tmp_path / "out"), workers=0)


def test_importing_again_replaces_the_dataset(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    out = str(tmp_path / "out")
    import_images(str(tmp_path / "in"), table, out, workers=1, samples_per_shard=5)
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:5]) + "\n")
    result = import_images(str(tmp_path / "in"), table, out, workers=1, samples_per_shard=5)
    assert (result.samples, result.resumed) == (4, 0)
    (shard,) = read_manifest(open_store(out))["shard"].unique().to_pylist()
    assert open_store(out).list() == ["manifest.parquet", shard]


def test_an_import_that_was_killed_goes_on(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", {"anna": (60, "train"), "ben": (60, "holdout")})
    run = (
        "import efface.data.chunks as c, time, sys; from pathlib import Path\n"
        "from efface.data import importing\n"
        "pack = importing.pack_chunk\n"
        "importing.pack_chunk = lambda chunk: (time.sleep(0.2), pack(chunk))[1]\n"
        f"importing.import_images({str(tmp_path / 'in')!r}, Path({str(table)!r}), "
        f"{str(tmp_path / 'out')!r}, workers=1, samples_per_shard=10)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", run], env=os.environ)
    notes = tmp_path / "out/import"
    deadline = time.monotonic() + 60
    while len(list(notes.glob("*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "out/manifest.parquet").exists()
    result = import_images(
        str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1, samples_per_shard=10
    )
    assert result.samples == 120
    assert result.resumed >= 30
    assert not notes.exists()
    assert len(read_images(tmp_path / "out", size=8, channels=1)[0]) == 120


class KilledError(Exception):
    """Where a test ends an import."""


def put_two_tables(tmp_path: Path) -> tuple[Path, Path]:
    table = put_folder(tmp_path / "in", PEOPLE)
    head, *lines = table.read_text().splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([head, *lines[5:]]) + "\n")
    return table, other


@pytest.mark.parametrize("packed", [1, 2])
def test_a_dataset_stays_whole_until_the_one_that_replaces_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: int
) -> None:
    table, other = put_two_tables(tmp_path)
    source, out = str(tmp_path / "in"), str(tmp_path / "out")
    import_images(source, table, out, workers=1, samples_per_shard=4)
    before = read_images(tmp_path / "out", size=8, channels=1)[0]

    def killed(chunk: Chunk) -> Done:
        if chunk.number == packed:
            raise KilledError
        return pack_chunk(chunk)

    monkeypatch.setattr(importing, "pack_chunk", killed)
    with pytest.raises(KilledError):
        import_images(source, other, out, workers=1, samples_per_shard=4)
    assert (read_images(tmp_path / "out", size=8, channels=1)[0] == before).all()
    monkeypatch.undo()
    result = import_images(source, other, out, workers=1, samples_per_shard=4)
    assert (result.samples, result.resumed) == (9, packed * 4)
    shards = read_manifest(open_store(out))["shard"].unique().to_pylist()
    assert open_store(out).list() == ["manifest.parquet", *sorted(shards)]


def test_what_an_import_that_was_given_up_left_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, other = put_two_tables(tmp_path)
    source, out = str(tmp_path / "in"), str(tmp_path / "out")

    def killed(chunk: Chunk) -> Done:
        if chunk.number == 2:
            raise KilledError
        return pack_chunk(chunk)

    monkeypatch.setattr(importing, "pack_chunk", killed)
    with pytest.raises(KilledError):
        import_images(source, other, out, workers=1, samples_per_shard=4)
    monkeypatch.undo()
    import_images(source, table, out, workers=1)
    assert len(open_store(out).list()) == 2


def test_what_is_not_of_an_import_stays_where_it_is(tmp_path: Path) -> None:
    table, other = put_two_tables(tmp_path)
    out = tmp_path / "out"
    mine = ["import/photo.png", "import/deep/00000.json", "shards/00000.tar", "notes.txt"]
    for name in mine:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)
    for asked in (table, other):
        import_images(str(tmp_path / "in"), asked, str(out), workers=1)
    assert [(out / name).read_text() for name in mine] == mine


def test_a_list_of_rejected_images_that_is_no_imports_is_refused(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/rejected.csv").write_text("my own list")
    with pytest.raises(DataError, match=r"rejected\.csv was not written by an import.*move it"):
        import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["rejected.csv"]
    assert (tmp_path / "out/rejected.csv").read_text() == "my own list"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 100_000,
        "[]",
        "{}",
        '{"rows": [{}], "rejected": []}',
        '{"rows": 5, "rejected": []}',
        '{"rows": [5], "rejected": []}',
        '{"rows": [], "rejected": [{}]}',
        '{"rows": [], "rejected": [5]}',
        '{"rows": [], "rejected": [{"line": null, "sample": "a", "reason": "b"}]}',
    ],
    ids=lambda content: content[:40],
)
def test_a_damaged_note_says_what_to_delete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    source, out = str(tmp_path / "in"), str(tmp_path / "out")

    def killed(chunk: Chunk) -> Done:
        pack_chunk(chunk)
        raise KilledError

    monkeypatch.setattr(importing, "pack_chunk", killed)
    with pytest.raises(KilledError):
        import_images(source, table, out, workers=1)
    monkeypatch.undo()
    (note,) = (tmp_path / "out/import").iterdir()
    note.write_text(content)
    with pytest.raises(DataError, match=rf"{note.name}.* is damaged .*delete it and import again"):
        import_images(source, table, out, workers=1)
    note.unlink()
    assert import_images(source, table, out, workers=1).samples == 14


def test_large_images_begin_a_new_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efface.data.chunks.LARGEST_SHARD", 10_000)
    table = put_folder(tmp_path / "in", PEOPLE)
    result = import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    assert result.shards > 1
    assert len(read_images(tmp_path / "out", size=8, channels=1)[0]) == 14


def test_a_pipe_among_the_images_is_rejected_by_itself(tmp_path: Path) -> None:
    table = put_folder(tmp_path / "in", PEOPLE)
    (tmp_path / "in" / "anna" / "000.png").unlink()
    os.mkfifo(tmp_path / "in" / "anna" / "000.png")
    result = import_images(str(tmp_path / "in"), table, str(tmp_path / "out"), workers=1)
    assert result.samples == 13
    assert ["000.png is a pipe" in entry.reason for entry in result.rejected] == [True]
