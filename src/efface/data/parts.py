"""Which shards are scored, and how they are dealt out to evaluate tasks."""

from typing import Any

LEAST_TASKS = 2
"""A task costs seconds to start, so there are few; two, because any machine can run two at once."""


def parts_to_score(
    sets: dict[str, Any], max_images: dict[str, int], shards_per_task: int
) -> list[str]:
    """Deal the shards that hold ranks to be scored out to tasks of about equal work.

    Args:
        sets: Entries of sets.json: set -> samples and shards.
        max_images: Set -> largest number of images scored; a set not named is scored whole.
        shards_per_task: Shards in a task, on average, at most.

    Returns:
        For each task the names of its shards, joined by +.
    """
    work = images_to_score(sets, max_images)
    tasks = min(len(work), max(LEAST_TASKS, -(-len(work) // shards_per_task)))
    parts: list[list[str]] = [[] for _ in range(tasks)]
    loads = [0] * tasks
    for name in sorted(work, key=lambda shard: (-work[shard], shard)):
        lightest = loads.index(min(loads))
        parts[lightest].append(name)
        loads[lightest] += work[name]
    return ["+".join(sorted(part)) for part in parts]


def images_to_score(sets: dict[str, Any], max_images: dict[str, int]) -> dict[str, int]:
    """Shard -> how many of its images have a rank that is scored; shards without any are left out.

    The shards of a set follow each other in order of rank.
    """
    work = {}
    for name, entry in sets.items():
        left = max_images.get(name, entry["samples"])
        for shard in entry["shards"]:
            if left > 0:
                work[shard["name"]] = min(left, shard["samples"])
            left -= shard["samples"]
    return work
