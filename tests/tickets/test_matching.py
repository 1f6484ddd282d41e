from pathlib import Path
from typing import Any

from efface.data.manifest import read_manifest
from efface.storage import open_store
from efface.tickets.matching import Match, match_tickets
from efface.tickets.subjects import hash_subject
from efface.tickets.ticket import parse_ticket
from tests.given import a_dataset, as_bytes, identity, put_manifest, ticket

KEY = b"key"


def match(place: Path, *tickets: dict[str, Any]) -> dict[str, Match]:
    manifest = read_manifest(open_store(str(a_dataset(place))))
    return match_tickets([parse_ticket(as_bytes(content)) for content in tickets], manifest, KEY)


def rows(found: Match) -> list[str]:
    return found.samples["sample_id"].to_pylist()


def test_a_subjects_images_of_the_train_split_are_found(tmp_path: Path) -> None:
    found = match(tmp_path, ticket("t-1", "dress-5"))["t-1"]
    assert rows(found) == ["s-1", "s-2"]
    assert found.subjects == [hash_subject(KEY, "dress-5")]


def test_a_rights_holder_means_all_their_subjects(tmp_path: Path) -> None:
    owner = ticket("t-1", subject_identities=[identity("brand-dress", "rights_holder")])
    found = match(tmp_path, owner)["t-1"]
    assert rows(found) == ["s-1", "s-2", "s-4"]
    assert found.subjects == sorted(hash_subject(KEY, name) for name in ("dress-5", "dress-6"))


def test_a_rights_holders_name_is_no_subjects_name(tmp_path: Path) -> None:
    assert rows(match(tmp_path, ticket("t-1", "brand-dress"))["t-1"]) == []


def test_an_image_named_twice_in_a_ticket_counts_once(tmp_path: Path) -> None:
    both = [identity("dress-5"), identity("brand-dress", "rights_holder")]
    found = match(tmp_path, ticket("t-1", subject_identities=both * 2))["t-1"]
    assert rows(found) == ["s-1", "s-2", "s-4"]


def test_an_image_that_two_tickets_mean_belongs_to_both(tmp_path: Path) -> None:
    owner = ticket("t-2", subject_identities=[identity("brand-dress", "rights_holder")])
    found = match(tmp_path, ticket("t-1", "dress-5"), owner)
    assert (rows(found["t-1"]), rows(found["t-2"])) == (["s-1", "s-2"], ["s-1", "s-2", "s-4"])


def test_a_subject_that_the_model_never_saw_has_no_data(tmp_path: Path) -> None:
    found = match(tmp_path, ticket("t-1", "boot-2", "nobody"))["t-1"]
    assert (rows(found), found.subjects, found.identities_without_data) == ([], [], 2)


def test_identities_without_data_are_counted_beside_those_with(tmp_path: Path) -> None:
    found = match(tmp_path, ticket("t-1", "dress-5", "nobody", "nobody"))["t-1"]
    assert (rows(found), found.identities_without_data) == (["s-1", "s-2"], 1)


def test_ids_are_hashed_in_the_rows(tmp_path: Path) -> None:
    found = match(tmp_path, ticket("t-1", "dress-5"))["t-1"]
    assert set(found.samples["subject_id"].to_pylist()) == {hash_subject(KEY, "dress-5")}


def test_no_tickets_match_nothing(tmp_path: Path) -> None:
    assert match(tmp_path) == {}


def test_a_manifest_that_is_written_as_no_ticket_may_be_is_matched(tmp_path: Path) -> None:
    put_manifest(
        tmp_path,
        [("s-1", " Zoe\u0308", "", "train"), ("s-2", "Zo\u00eb", "", "train")],
    )
    manifest = read_manifest(open_store(str(tmp_path)))
    asked = parse_ticket(as_bytes(ticket("t-1", "Zo\u00eb")))
    found = match_tickets([asked], manifest, KEY)["t-1"]
    assert (rows(found), found.identities_without_data) == (["s-1", "s-2"], 0)
