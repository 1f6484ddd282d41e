import numpy as np
import pytest

from efface.evaluation.reference_cache import open_cache

FEATURES = np.arange(6, dtype=np.float32).reshape(3, 2)


def test_gives_back_what_was_kept_under_the_same_identity(tmp_path):
    cache = open_cache(tmp_path, "holdout", "v1")
    cache.write(FEATURES, "images", "recipe")
    assert cache.read("images", "recipe").tolist() == FEATURES.tolist()
    assert cache.read("imagesr", "ecipe") is None


@pytest.mark.parametrize("name", ["forget", "control"])
def test_nothing_is_kept_of_sets_that_must_not_persist(tmp_path, name):
    cache = open_cache(tmp_path, name, "v1")
    cache.write(FEATURES, "images")
    assert cache.read("images") is None
    assert list(tmp_path.iterdir()) == []


def test_a_new_version_of_a_set_deletes_what_is_kept_of_the_old_one(tmp_path):
    open_cache(tmp_path, "holdout", "v1").write(FEATURES, "images")
    open_cache(tmp_path, "retain", "v1").write(FEATURES, "images")
    open_cache(tmp_path, "holdout", "v2")
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["retain-v1"]


def test_a_damaged_entry_is_not_trusted(tmp_path):
    cache = open_cache(tmp_path, "holdout", "v1")
    cache.write(FEATURES, "images")
    next((tmp_path / "holdout-v1").iterdir()).write_bytes(b"half a file")
    assert cache.read("images") is None


def test_what_cannot_be_kept_is_computed_again_and_no_run_fails(tmp_path, caplog):
    (tmp_path / "holdout-abc").write_text("a file where the folder should be")
    cache = open_cache(tmp_path, "holdout", "abc")
    cache.write(np.zeros((2, 3), np.float32), "x")
    assert cache.read("x") is None
    assert "cache=not_kept" in caplog.text
