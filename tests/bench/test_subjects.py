import os
from pathlib import Path

import pytest

from efface.bench.subjects import choose_subjects, dataset_without, write_subject_ticket
from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.errors import ConfigError
from efface.storage import open_store
from efface.tickets.ticket import parse_ticket
from tests.tiny_world import make_world


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return str(make_world(tmp_path_factory.mktemp("world")).dataset)


def test_a_larger_choice_holds_the_smaller_and_leaves_half(dataset):
    assert choose_subjects(dataset, 2) == choose_subjects(dataset, 3)[:2]
    assert len(choose_subjects(dataset, 100)) == 3  # of six


def test_the_ticket_is_one_that_intake_takes(dataset, tmp_path):
    path, count = write_subject_ticket(dataset, tmp_path, 2)
    ticket = parse_ticket(path.read_bytes())
    assert count == len(ticket.identities) == 2
    assert write_subject_ticket(dataset, tmp_path, 2)[0] == path


def test_a_dataset_without_subjects_still_reads(dataset, tmp_path):
    place = dataset_without(dataset, tmp_path, ["rings-1"])
    left = read_manifest(open_store(place))
    whole = read_manifest(open_store(dataset))
    assert set(whole["subject_id"].to_pylist()) - set(left["subject_id"].to_pylist()) == {"rings-1"}
    images, rows = read_images(place, size=16, channels=1)
    assert len(images) == left.num_rows == rows.num_rows


def test_a_shard_that_another_process_links_at_the_same_moment_is_taken(
    dataset, tmp_path, monkeypatch
):
    real = Path.symlink_to

    def overtaken(link, target):
        real(link, target)
        real(link, target)

    monkeypatch.setattr(Path, "symlink_to", overtaken)
    place = dataset_without(dataset, tmp_path, ["rings-1"])
    images, rows = read_images(place, size=16, channels=1)
    assert len(images) == rows.num_rows > 0
    assert dataset_without(dataset, tmp_path, ["rings-1"]) == place


def test_the_manifest_of_a_dataset_without_subjects_is_whole_or_absent(
    dataset, tmp_path, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        dataset_without(dataset, tmp_path, ["rings-1"])
    assert not [*tmp_path.rglob("*.parquet")]


def test_a_bucket_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs a local copy"):
        dataset_without("s3://bucket/data", tmp_path, ["a"])
