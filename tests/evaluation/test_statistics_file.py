import json

import numpy as np
import pytest

from efface.errors import InputError
from efface.evaluation.reference_cache import ReferenceCache
from efface.evaluation.scoring import score_shard
from efface.evaluation.statistics_file import read_statistics, write_statistics
from tests.tiny_evaluation import tiny_scorer, tiny_shard


@pytest.fixture
def path(tmp_path):
    shards = [
        score_shard(
            tiny_shard(rows, shard=name), tiny_scorer(), ["centre:2x2"], ReferenceCache(None)
        )
        for name, rows in (("a", [1, 2, 3]), ("b", []))
    ]
    write_statistics(tmp_path / "statistics", shards)
    return tmp_path / "statistics"


def rewrite(path, change):
    with np.load(path) as stored:
        arrays = dict(stored)
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


def test_what_is_read_is_what_was_written(path, tmp_path):
    first = read_statistics(path)
    write_statistics(tmp_path / "again", first)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert [len(one.sample_id) for one in first] == [3, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, _: header.update(version=1), "version 1"),
        (lambda header, _: header.update(kind="photographs"), "photographs"),
        (lambda header, _: header["shards"][0].update(surprise=1), "surprise"),
        (lambda header, _: header["shards"][0].pop("seed"), "seed"),
        (lambda _, arrays: arrays.update(surprise=np.zeros(1)), "surprise"),
        (lambda _, arrays: arrays.pop("0.subject"), "subject"),
    ],
    ids=["version", "kind", "field more", "field less", "array more", "array less"],
)
def test_what_is_not_known_is_refused(path, change, message):
    rewrite(path, change)
    with pytest.raises(InputError, match=message):
        read_statistics(path)


def test_a_file_that_was_cut_short_is_refused(path):
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="damaged"):
        read_statistics(path)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="run evaluate first"):
        read_statistics(tmp_path / "nothing")
