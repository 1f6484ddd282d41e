import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from efface.data.set_names import SETS
from efface.data.sets import (
    Candidates,
    Likeness,
    check_plan,
    choose_candidates,
    fingerprint,
    in_random_order,
    plan_sets,
)
from efface.errors import DataError

PEOPLE = ("anna", "ben", "cleo")
COUNTS = {"train": 20, "holdout": 10, "control": 6}


def manifest() -> pa.Table:
    """Three people, each with images in every split."""
    rows = [
        (f"{person}-{split}-{n}", person, split)
        for person in PEOPLE
        for split, count in COUNTS.items()
        for n in range(count)
    ]
    ids, people, splits = zip(*rows, strict=True)
    digests = [f"{number:064x}" for number in range(len(rows))]
    holders = ["studio" if person == "anna" else "" for person in people]
    columns = {"sample_id": ids, "subject_id": people, "split": splits, "sha256": digests}
    return pa.table({**columns, "rights_holder": holders})


def ids_of(person: str, split: str = "train") -> set[str]:
    return {f"{person}-{split}-{n}" for n in range(COUNTS[split])}


def likeness(
    table: pa.Table, duplicates: tuple[str, ...] = (), leaks: tuple[str, ...] = ()
) -> Likeness:
    """Later rows are more similar."""
    ids = table["sample_id"].to_pylist()
    return Likeness(
        similarity_N=np.linspace(0, 1, len(ids), dtype=np.float32),
        duplicate_N=np.array([name in duplicates for name in ids]),
        leak_N=np.array([name in leaks for name in ids]),
    )


def planned(
    duplicates: tuple[str, ...] = (), seed: int = 0, who: str = "anna", **sizes: int
) -> dict[str, list[str]]:
    table = manifest()
    candidates = choose_candidates(table, ids_of(who), seed=seed, retain_limit=None)
    sizes = {"neighbours": 4, "control": 3} | sizes
    plan = plan_sets(table, candidates, likeness(table, duplicates), seed=seed, **sizes)
    return {name: table["sample_id"].take(rows).to_pylist() for name, rows in plan.items()}


def test_forget_is_the_very_images() -> None:
    assert set(planned()["forget"]) == ids_of("anna")


def test_what_the_model_never_saw_of_the_forgotten_is_a_set_without_near_duplicates() -> None:
    found = planned(duplicates=("anna-holdout-1",))["forget-holdout"]
    assert found and all(name.startswith("anna-holdout-") for name in found)
    assert "anna-holdout-1" not in found


def test_without_such_images_there_is_no_such_set() -> None:
    table = manifest()
    only = table.filter(pc.invert(pc.starts_with(table["sample_id"], "anna-holdout")))
    candidates = choose_candidates(only, ids_of("anna"), seed=0, retain_limit=None)
    plan = plan_sets(only, candidates, likeness(only), seed=0, neighbours=4, control=3)
    assert set(plan) == set(SETS) - {"forget-holdout"}


def test_retain_is_the_rest_of_the_train_split() -> None:
    assert set(planned()["retain"]) == ids_of("ben") | ids_of("cleo")


def test_holdout_leaves_out_forgotten_people() -> None:
    assert set(planned()["holdout"]) == ids_of("ben", "holdout") | ids_of("cleo", "holdout")


def test_neighbours_are_the_most_similar_holdout_images() -> None:
    assert set(planned()["neighbours"]) == {f"cleo-holdout-{n}" for n in range(6, 10)}


def test_control_is_the_most_similar_of_the_control_split() -> None:
    assert set(planned(who="ben")["control"]) == {f"cleo-control-{n}" for n in range(3, 6)}


def test_control_is_of_the_forgotten_rights_holders_alone_where_they_have_images() -> None:
    assert set(planned()["control"]) == {f"anna-control-{n}" for n in range(3, 6)}
    assert set(planned(control=50)["control"]) == ids_of("anna", "control")
    copies = tuple(sorted(ids_of("anna", "control")))
    assert set(planned(copies)["control"]) == {f"cleo-control-{n}" for n in range(3, 6)}


@pytest.mark.parametrize("name", ["retain", "neighbours", "control", "holdout"])
def test_near_duplicates_are_in_no_other_set(name: str) -> None:
    duplicates = ("ben-train-0", "cleo-holdout-9", "anna-control-5")
    plan = planned(duplicates)
    assert not set(duplicates) & set(plan[name])
    assert len(plan["neighbours"]) == 4


def test_an_image_of_the_proxy_that_is_a_copy_of_a_scored_one_is_not_retained() -> None:
    table = manifest()
    candidates = choose_candidates(table, ids_of("anna"), seed=0, retain_limit=None)
    found = likeness(table, leaks=("ben-train-3",))
    plan = plan_sets(table, candidates, found, seed=0, neighbours=4, control=3)
    kept = table["sample_id"].take(plan["retain"]).to_pylist()
    assert set(kept) == (ids_of("ben") | ids_of("cleo")) - {"ben-train-3"}


def test_retain_may_be_limited_to_a_sample_that_depends_on_the_seed() -> None:
    table = manifest()
    first, same, other = (
        choose_candidates(table, ids_of("anna"), seed=seed, retain_limit=7).train.tolist()
        for seed in (0, 0, 1)
    )
    assert first == same != other
    assert len(first) == 7


def test_ranks_are_random_and_repeatable() -> None:
    assert planned(seed=3) == planned(seed=3)
    assert planned(seed=3)["holdout"] != planned(seed=4)["holdout"]
    assert planned()["holdout"] != sorted(planned()["holdout"])


def test_a_new_image_does_not_reorder_the_others() -> None:
    ids = np.array([f"s-{n}" for n in range(50)], object)
    whole = in_random_order(np.arange(50), ids, 0)
    part = in_random_order(np.arange(49), ids, 0)
    assert [row for row in whole if row != 49] == part.tolist()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (set(), "the forget set is empty"),
        ({"nobody-1"}, "1 samples to forget, such as 'nobody-1', are not in the train"),
        ({"anna-holdout-1"}, "'anna-holdout-1', are not in the train"),
    ],
    ids=["none", "unknown", "not trained on"],
)
def test_what_cannot_be_forgotten_is_refused(asked: set[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        choose_candidates(manifest(), asked, seed=0, retain_limit=None)


@pytest.mark.parametrize("missing", ["retain", "holdout", "control"])
def test_an_empty_set_is_refused(missing: str) -> None:
    table = manifest()
    rows = {
        name: np.arange(n * 5, n * 5 + 5) for n, name in enumerate(("train", "holdout", "control"))
    }
    rows["train" if missing == "retain" else missing] = np.array([], np.int64)
    none = np.array([], np.int64)
    candidates = Candidates(forget=np.arange(20, 25), forget_holdout=none, **rows)
    with pytest.raises(DataError, match=f"the {missing}|the neighbours"):
        plan_sets(table, candidates, likeness(table), seed=0, neighbours=2, control=2)


@pytest.mark.parametrize("column", ["sample_id", "sha256"])
def test_a_forgotten_image_in_another_set_is_refused(column: str) -> None:
    table = pa.table({"sample_id": ["a", "b"], "sha256": ["1", "2"]})
    table = table.set_column(table.column_names.index(column), column, pa.array(["same", "same"]))
    plan = {"forget": np.array([0]), "retain": np.array([1])}
    with pytest.raises(DataError, match=f"forget and retain share 1 images, such as {column}"):
        check_plan(table, plan)


def test_equal_sets_have_equal_fingerprints() -> None:
    table = manifest()
    assert fingerprint(table, np.array([1, 2])) == fingerprint(table, np.array([2, 1]))
    assert fingerprint(table, np.array([1, 2])) != fingerprint(table, np.array([1, 3]))


@pytest.mark.parametrize("stays", [False, True])
def test_what_else_a_rights_holder_owns_is_not_scored_as_kept_when_all_of_theirs_goes(stays):
    table = manifest()
    rows = [
        ("dora-holdout", "dora", "holdout", "e" * 64, "studio"),  # whom the model never saw
        ("emil-holdout", "emil", "holdout", "f" * 64, ""),
        *([("finn-train", "finn", "train", "d" * 64, "studio")] if stays else []),
    ]
    more = [pa.array(column) for column in zip(*rows, strict=True)]
    table = pa.concat_tables([table, pa.table(more, names=table.column_names)])
    found = choose_candidates(table, ids_of("anna"), seed=0, retain_limit=None)
    scored = table["sample_id"].take(found.holdout).to_pylist()
    assert ("dora-holdout" in scored) is stays
    assert "emil-holdout" in scored
    assert "dora-holdout" not in table["sample_id"].take(found.forget_holdout).to_pylist()
