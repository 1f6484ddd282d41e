import pytest

from efface.storage.places import same_place


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "f" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "f" / "data")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "other", ["f/data/", "./f/data", "f/../f/data", "link", "file://f/data", "f//data"]
)
def test_a_folder_is_the_same_however_it_is_written(other, tmp_path):
    assert same_place("f/data", other)
    assert same_place(str(tmp_path / "f" / "data"), other)


@pytest.mark.parametrize("other", ["s3://bucket/data/", "s3://bucket//data"])
def test_so_is_a_prefix_of_a_bucket(other):
    assert same_place("s3://bucket/data", other)


@pytest.mark.parametrize("other", ["s3://bucket/data2", "s3://other/data", "data", "bucket/data"])
def test_other_places_are_others(other):
    assert not same_place("s3://bucket/data", other)
    assert not same_place("f/data", other)
