"""A plan on the tiny world."""

import yaml

from efface.bench.plan import read_plan
from tests.given import put_ticket
from tests.tiny_world import make_world


def write_plan(folder, **changes):
    """The world, a ticket and a plan in ``folder``; gives the plan's path."""
    make_world(folder)
    put_ticket(folder / "tickets", "t-1", "stripes-0")
    (ticket,) = (folder / "tickets").glob("*.json")
    plan = {
        "version": 1,
        "dataset": "data",
        "policy": "policy.yaml",
        "masks": {"train": ["centre:2x2"], "score": ["centre:2x2", "outpaint:2x2"]},
        "models": {"mae": "model"},
        "tickets": {"one": str(ticket.relative_to(folder))},
        "methods": {"original": {"name": "original"}, "i2i": {"steps": 6, "batch_size": 4}},
        "proxy": {"proxy": str(folder / "data"), "proxy_split": "control"},
        "quick": {"settings": {"steps": 3}, "max_images": {"holdout": 30}},
    }
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(plan | changes, sort_keys=False))
    return path


def tiny_plan(folder, **changes):
    """The same, read."""
    return read_plan(write_plan(folder, **changes))
