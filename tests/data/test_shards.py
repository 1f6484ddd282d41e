import io
import tarfile
import warnings
from pathlib import Path

import pytest

from efface.data.shards import LONGEST_NAME, Sample, member_name, pack_shard, read_sample
from efface.errors import DataError
from efface.storage import LocalStore

SAMPLES = [
    Sample("b", b"second" * 100, "png"),
    Sample("a", b"first", "webp"),
    Sample("c", bytes(512), "jpg"),
]


def test_a_shard_is_the_same_bytes_whatever_the_order() -> None:
    assert pack_shard(SAMPLES) == pack_shard(reversed(SAMPLES))


def test_tar_reads_a_shard_and_finds_no_time_and_no_owner() -> None:
    content, _ = pack_shard(SAMPLES)
    with tarfile.open(fileobj=io.BytesIO(content), format=tarfile.USTAR_FORMAT) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == ["a.webp", "b.png", "c.jpg"]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
            (0, 0, 0, "", "", 0o644)
        }
        assert archive.extractfile("b.png").read() == b"second" * 100


def test_a_shard_has_the_bytes_that_tarfile_would_write() -> None:
    content, _ = pack_shard(SAMPLES)
    expected = io.BytesIO()
    with tarfile.open(fileobj=expected, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for sample in sorted(SAMPLES, key=lambda s: s.sample_id):
            info = tarfile.TarInfo(f"{sample.sample_id}.{sample.extension}")
            info.size = len(sample.image)
            archive.addfile(info, io.BytesIO(sample.image))
    without_end = len(content) - 1024
    assert content[:without_end] == expected.getvalue()[:without_end]


def test_webdataset_reads_a_shard(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import webdataset

        (tmp_path / "0.tar").write_bytes(pack_shard(SAMPLES)[0])
        found = list(webdataset.WebDataset(str(tmp_path / "0.tar"), shardshuffle=False))
    assert [(s["__key__"], s.get("webp")) for s in found][0] == ("a", b"first")
    assert len(found) == 3


def test_offsets_point_at_the_images() -> None:
    content, entries = pack_shard(SAMPLES)
    images = {sample.sample_id: sample.image for sample in SAMPLES}
    for entry in entries:
        assert content[entry.offset : entry.offset + entry.length] == images[entry.sample_id]


@pytest.mark.parametrize(
    "sample_id", ["x" * 200, "anna/1.jpg", "Jörg", "a b", ""], ids=str.__repr__
)
def test_a_name_that_tar_could_not_keep_is_derived(sample_id: str) -> None:
    name = member_name(sample_id, "webp")
    assert name.startswith("id-")
    assert len(name) <= LONGEST_NAME
    assert name.isascii()


def test_two_samples_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="'a' is twice"):
        pack_shard([Sample("a", b"1", "png"), Sample("a", b"2", "png")])


def test_a_sample_without_bytes_is_refused() -> None:
    with pytest.raises(DataError, match="no bytes"):
        pack_shard([Sample("a", b"", "png")])


def test_one_sample_is_one_ranged_read(tmp_path: Path) -> None:
    row = put_shard(tmp_path)
    assert read_sample(LocalStore(tmp_path), row) == b"first"


@pytest.mark.parametrize("damage", [b"F", b""], ids=["changed", "cut off"])
def test_damage_is_noticed_and_named(tmp_path: Path, damage: bytes) -> None:
    row = put_shard(tmp_path)
    content = (tmp_path / "0.tar").read_bytes()
    at = row["offset"]
    (tmp_path / "0.tar").write_bytes(content[:at] + damage + content[at + 1 :] * bool(damage))
    with pytest.raises(DataError, match=r"shard 0\.tar is damaged: sample 'a'"):
        read_sample(LocalStore(tmp_path), row)


def put_shard(folder: Path) -> dict[str, object]:
    content, entries = pack_shard(SAMPLES)
    (folder / "0.tar").write_bytes(content)
    first = entries[0]
    return {
        "sample_id": first.sample_id,
        "shard": "0.tar",
        "offset": first.offset,
        "length": first.length,
        "sha256": first.sha256,
    }
