"""What the unlearn step is given: a tiny model, sets of eight images, a policy."""

from pathlib import Path
from typing import Any

from efface.models.checkpoint import save_model
from efface.steps.handover.sets_file import write_sets
from tests.finished_run import POLICY, write_set
from tests.tiny import tiny_mae

QUICK: dict[str, Any] = {"steps": 4, "warmup": 1, "batch_size": 4, "noise_images": 8}
QUICK |= {"probe_every": 0}


def write_unlearn_run(folder: Path) -> dict[str, Any]:
    """Write the files of a run under ``folder``; gives the arguments of ``unlearn.run``."""
    (folder / "policy.yaml").write_text(POLICY % ("a" * 64, "b" * 64, "false"))
    for seed, name in enumerate(("forget", "retain")):
        write_set(folder / "sets" / name, name, count=8, seed=seed)
    empty = {"samples": 8, "shards": []}
    sets = {name: {**empty, "fingerprint": name * 2} for name in ("forget", "retain")}
    plan = {"dataset_sha256": "d" * 64, "near_duplicates": 0, "tickets": {}, "sets": sets}
    write_sets(folder / "sets", plan)
    save_model(tiny_mae(), folder / "model", {})
    return {
        "sets": folder / "sets",
        "policy": str(folder / "policy.yaml"),
        "model": str(folder / "model"),
        "registry": "",
        "method": QUICK,
        "run_id": "run-1",
        "workspace": str(folder / "workspace"),
        "before": folder / "before",
        "after": folder / "after",
    }
