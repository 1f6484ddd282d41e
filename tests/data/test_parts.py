from typing import Any

from efface.data.parts import images_to_score, parts_to_score


def sets(**sizes: list[int]) -> dict[str, Any]:
    return {
        name: {
            "samples": sum(shards),
            "shards": [{"name": f"{name}-{n:05d}", "samples": s} for n, s in enumerate(shards)],
        }
        for name, shards in sizes.items()
    }


def test_shards_beyond_the_largest_rank_are_not_scored() -> None:
    found = images_to_score(sets(retain=[10, 10, 10], forget=[5]), {"retain": 12})
    assert found == {"retain-00000": 10, "retain-00001": 2, "forget-00000": 5}


def test_a_small_run_has_two_parts_of_about_equal_work() -> None:
    given = sets(forget=[850], retain=[2000, 2000], neighbours=[300], control=[200], holdout=[1800])
    assert parts_to_score(given, {"retain": 1000}, 8) == [
        "holdout-00000+neighbours-00000",
        "control-00000+forget-00000+retain-00000",
    ]


def test_a_large_run_has_more_parts() -> None:
    given = sets(forget=[10] * 40)
    parts = parts_to_score(given, {}, 8)
    assert [len(part.split("+")) for part in parts] == [8] * 5


def test_a_single_shard_is_one_part() -> None:
    assert parts_to_score(sets(forget=[3]), {}, 8) == ["forget-00000"]
