import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from efface.data.manifest import SCHEMA, read_manifest, write_manifest
from efface.data.proxy import with_proxy, without_proxy
from efface.data.sets import choose_candidates
from efface.errors import ConfigError, DataError
from efface.files import sha256_bytes
from efface.storage import LocalStore
from tests.tiny_world import make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def dataset(world):
    store = LocalStore(world.dataset)
    return store, read_manifest(store)


def forget_of(manifest, subject="stripes-0"):
    rows = manifest.to_pylist()
    return {r["sample_id"] for r in rows if r["subject_id"] == subject and r["split"] == "train"}


def joined(dataset, **words):
    store, manifest = dataset
    given = {"proxy": store.place, "split": "control"} | words
    return with_proxy(store, manifest, forget_of(manifest), **given)


def test_retain_is_drawn_from_the_proxy_alone_and_without_the_forgotten(dataset):
    _, manifest = dataset
    source = joined(dataset)
    chosen = choose_candidates(
        source.manifest, forget_of(manifest), seed=0, retain_limit=10, is_proxy_N=source.is_proxy_N
    )
    rows = source.manifest.take(chosen.train).to_pylist()
    assert len(rows) == 10
    assert all(row["sample_id"].startswith("proxy/") for row in rows)
    assert {row["split"] for row in rows} == {"control"}
    assert "stripes-0" not in {row["subject_id"] for row in rows}


def test_an_image_of_the_proxy_is_nobodys_control(dataset):
    store, manifest = dataset
    source = joined(dataset)
    chosen = choose_candidates(
        source.manifest, forget_of(manifest), seed=0, retain_limit=None,
        is_proxy_N=source.is_proxy_N,
    )  # fmt: skip
    controls = source.manifest.take(chosen.control)["subject_id"].unique().to_pylist()
    assert controls == ["stripes-0"]  # the forgotten one's, which the proxy leaves out


def test_images_of_the_proxy_are_read_from_where_it_is(dataset):
    store, manifest = dataset
    source = joined(dataset)
    proxy = source.manifest.filter(source.is_proxy_N).to_pylist()[0]
    original = next(
        r for r in manifest.to_pylist() if f"proxy/{r['sample_id']}" == proxy["sample_id"]
    )
    place = proxy["offset"], proxy["length"]
    assert source.store.read_range(proxy["shard"], *place) == store.read_range(
        original["shard"], *place
    )
    assert source.store.read(proxy["shard"]) == store.read(original["shard"])


@pytest.mark.parametrize("column", ["sample_id", "shard"])
def test_names_of_the_dataset_that_begin_like_those_of_a_proxy_stay_apart(
    dataset, column, tmp_path
):
    store, manifest = dataset
    shutil.copytree(store.place, tmp_path / "other")
    names = pa.array([f"proxy/{name}" for name in manifest[column].to_pylist()])
    own = manifest.set_column(manifest.column_names.index(column), column, names)
    source = joined((store, own), proxy=str(tmp_path / "other"))
    ids = source.manifest["sample_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    for row in source.manifest.filter(source.is_proxy_N).to_pylist():
        assert row["sample_id"].startswith("proxy-2/")
        content = source.store.read_range(row["shard"], row["offset"], row["length"])
        assert sha256_bytes(content) == row["sha256"]


def test_a_proxy_that_overlaps_the_forget_set_is_refused(dataset, tmp_path):
    store, manifest = dataset
    write_manifest(LocalStore(tmp_path), manifest, SCHEMA)
    with pytest.raises(DataError, match="holds 16 images that are to be forgotten"):
        joined(dataset, proxy=str(tmp_path), split="train")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"split": "train"}, "is the dataset itself"),
        ({"split": "holdout"}, "is the dataset's own holdout, which the gate scores retain with"),
    ],
)
def test_a_proxy_that_is_none_is_refused(dataset, words, message):
    with pytest.raises(ConfigError, match=message):
        joined(dataset, **words)


@pytest.mark.parametrize("split", ["train", "holdout"])
def test_the_dataset_under_another_path_is_still_the_dataset(dataset, split, tmp_path):
    place = Path(dataset[0].place)
    (tmp_path / "link").symlink_to(place)
    for alias in (f"{place.parent}/../{place.parent.name}/{place.name}", str(tmp_path / "link")):
        with pytest.raises(ConfigError, match="is the dataset('s own holdout| itself)"):
            joined(dataset, proxy=alias, split=split)


def test_a_proxy_without_images_of_others_is_refused(dataset, tmp_path):
    store, manifest = dataset
    only = manifest.filter(np.array([s == "stripes-0" for s in manifest["subject_id"].to_pylist()]))
    write_manifest(LocalStore(tmp_path), only, SCHEMA)
    with pytest.raises(DataError, match="no image of others in its control split"):
        joined(dataset, proxy=str(tmp_path))


def test_a_dataset_alone_has_no_proxy_rows(dataset):
    source = without_proxy(*dataset)
    assert not source.is_proxy_N.any() and source.store is dataset[0]
