from pathlib import Path

import numpy as np
import pytest

from efface.data.importing import import_images
from efface.data.manifest import SET_SCHEMA, write_manifest
from efface.data.reading import read_images
from efface.errors import DataError, InputError
from efface.storage import LocalStore
from tests.data.pictures import put_folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    table = put_folder(folder / "in", {"anna": (9, "train"), "ben": (9, "holdout")})
    import_images(str(folder / "in"), table, str(folder / "out"), workers=1, samples_per_shard=5)
    return folder / "out"


def test_all_images_come_in_the_order_of_the_manifest(dataset: Path) -> None:
    images, rows = read_images(dataset, size=16, channels=3)
    assert images.shape == (18, 3, 16, 16)
    assert rows["sample_id"].to_pylist() == sorted(rows["sample_id"].to_pylist())


def test_chosen_rows_come_in_the_order_given(dataset: Path) -> None:
    everything, _ = read_images(dataset, size=16, channels=3)
    images, rows = read_images(dataset, size=16, channels=3, rows=[17, 2, 11])
    assert (images == everything[[17, 2, 11]]).all()
    assert rows["sample_id"][1].as_py() == "anna/002.jpeg"


def test_a_few_images_are_read_without_the_rest_of_their_shards(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalStore, "read", guard(LocalStore.read))
    monkeypatch.setattr("efface.data.reading.WHOLE_SHARD_ABOVE", 0.5)
    assert len(read_images(dataset, size=16, channels=1, rows=[0, 17])[0]) == 2


def guard(read: object) -> object:
    def refuse_shards(self: LocalStore, key: str) -> bytes:
        assert not key.endswith(".tar")
        return read(self, key)

    return refuse_shards


def test_a_limit_takes_the_lowest_ranks(dataset: Path, tmp_path: Path) -> None:
    _, rows = read_images(dataset, size=16, channels=1)
    count = rows.num_rows
    extra = {"ticket_id": [""] * count, "similarity": [0.0] * count}
    columns = rows.to_pydict() | extra | {"rank": list(range(count))[::-1]}
    write_manifest(
        LocalStore(tmp_path), SET_SCHEMA.empty_table().from_pydict(columns, SET_SCHEMA), SET_SCHEMA
    )
    (tmp_path / "shards").symlink_to(dataset / "shards")
    images, chosen = read_images(tmp_path, size=16, channels=1, limit=3)
    assert chosen["rank"].to_pylist() == [0, 1, 2]
    assert (images == read_images(dataset, size=16, channels=1, rows=[17, 16, 15])[0]).all()


def test_a_damaged_image_is_named(dataset: Path, tmp_path: Path) -> None:
    copy = LocalStore(tmp_path)
    for key in LocalStore(dataset).list():
        copy.write(key, LocalStore(dataset).read(key))
    shard = copy.list("shards/00001")[0]
    content = bytearray(copy.read(shard))
    content[512 + 20] ^= 1
    copy.write(shard, bytes(content))
    with pytest.raises(DataError, match=r"shards/00001-\w+\.tar is damaged: sample '\w+/\d+\.\w+'"):
        read_images(tmp_path, size=16, channels=1)


def test_a_missing_shard_is_named(dataset: Path, tmp_path: Path) -> None:
    LocalStore(tmp_path).write("manifest.parquet", LocalStore(dataset).read("manifest.parquet"))
    with pytest.raises(InputError, match=r"shards/0000\d-\w+\.tar does not exist"):
        read_images(tmp_path, size=16, channels=1)


def test_no_rows_give_no_images(dataset: Path) -> None:
    images, rows = read_images(dataset, size=16, channels=3, rows=[])
    assert images.shape == (0, 3, 16, 16)
    assert images.dtype == np.uint8
    assert rows.num_rows == 0
