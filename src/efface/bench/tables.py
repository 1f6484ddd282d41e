"""The tables, by name. A table is a function from a bench to rows, and one line in ``TABLES``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from efface.bench.cell import Bench
from efface.bench.cost import cost_rows
from efface.bench.frontier import frontier_methods, frontier_rows
from efface.bench.gridding import REGIONS, cell_of, compared, row_of
from efface.bench.repeated import repeated_rows
from efface.bench.subjects import write_subject_ticket
from efface.bench.table import Row
from efface.errors import ConfigError
from efface.models.checkpoint import load_model
from efface.progress import track
from efface.steps.handover.sets_file import read_sets
from efface.training.settings import TrainingSettings, read_settings

T = TypeVar("T")

ALPHAS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
RETAIN_SHARES = (0.01, 0.1, 1.0)
SUBJECTS = (1, 10, 100)
NOISES = ("gaussian", "uniform", "constant")


def _i2i(bench: Bench) -> dict[str, dict[str, Any]]:
    return {"i2i": bench.i2i}


def _every_method(bench: Bench) -> dict[str, dict[str, Any]]:
    return bench.methods


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One table that can be asked for."""

    title: str
    about: str
    rows: Callable[[Bench], list[Row]]
    methods: Callable[[Bench], dict[str, dict[str, Any]]] = _i2i
    """What it runs, for its page."""
    every_model: bool = False
    """Whether it runs every model of the plan, not the first alone."""


def methods_rows(bench: Bench) -> list[Row]:
    """Models x tickets x methods, for every mask, in the hole and in the full frame."""
    pairs = [(model, ticket) for model in bench.models for ticket in bench.tickets]
    rows = []
    for model, ticket in pairs:
        found = compared(bench, model, ticket)
        rows += [
            row_of(f"{model}, {ticket} ticket, {mask}, {region}", label, result, mask, region)
            for mask in bench.plan.masks["score"]
            for region in REGIONS
            for label, result in found.items()
        ]
    return rows


def alpha_rows(bench: Bench) -> list[Row]:
    """The alpha of the paper's method."""
    return _sweep(bench, {f"alpha {value}": {"alpha": value} for value in ALPHAS})


def retain_rows(bench: Bench) -> list[Row]:
    """Less and less of retain, down to none of it: proxies alone."""
    model, ticket, mask = bench.first
    whole = bench.run(cell_of(bench, model, ticket, bench.i2i, score=(mask,)))
    sets = read_sets(whole.sets)["sets"]
    counts = {share: max(1, round(share * sets["retain"]["samples"])) for share in RETAIN_SHARES}
    usual = read_settings(bench.settings(model, bench.i2i)).retain_images
    rows = _sweep(
        bench,
        {  # the whole is what i2i takes unless it is told to take less: the tables share that cell
            f"{share:.0%} of retain, {count} images": (
                {} if share == 1 and usual >= count else {"retain_images": count}
            )
            for share, count in counts.items()
        },
    )
    if bench.plan.proxy:
        sharding = bench.plan.proxy
        cell = cell_of(bench, model, ticket, bench.i2i, sharding=sharding, score=(mask,))
        found = bench.run(cell)
        rows.append(
            row_of(rows[0].group, "none of retain, proxy alone", found, mask, "hole", before=True)
        )
    return rows


def subjects_rows(bench: Bench) -> list[Row]:
    """One request about 1, 10 and 100 subjects, or as many as there are."""
    model, _, mask = bench.first
    rows = []
    for count in _tracked(SUBJECTS):
        ticket, asked = write_subject_ticket(bench.plan.dataset, bench.work, count)
        found = bench.run(cell_of(bench, model, ticket, bench.i2i, score=(mask,)))
        group = f"{model}, {mask}, hole"
        rows.append(row_of(group, f"{asked} subjects", found, mask, "hole", before=True))
    return rows


def noise_rows(bench: Bench) -> list[Row]:
    """Kinds of noise that forget is moved to."""
    usual = TrainingSettings.noise  # not written out, so that the tables share that cell
    return _sweep(bench, {kind: {} if kind == usual else {"noise": kind} for kind in NOISES})


def masks_rows(bench: Bench) -> list[Row]:
    """One unlearned model under every mask, trained ones and others."""
    model, ticket, _ = bench.first
    masks = masks_on(load_model(bench.models[model]).grid)
    found = bench.run(cell_of(bench, model, ticket, bench.i2i, score=masks))
    group = f"{model}, {ticket} ticket, hole"
    return [row_of(group, mask, found, mask, "hole", before=True) for mask in masks]


def masks_on(grid: tuple[int, int]) -> tuple[str, ...]:
    """Centre and out-painting with blocks of a quarter, half and three quarters; random ones."""
    blocks = [f"{grid[0] * part // 4}x{grid[1] * part // 4}" for part in (1, 2, 3)]
    centred = [f"{kind}:{block}" for kind in ("centre", "outpaint") for block in blocks]
    return (*centred, "random:0.3", "random:0.6")


TABLES: dict[str, Entry] = {
    "methods": Entry(
        title="Methods side by side",
        about="Every method with every model and ticket, on the very images that were to be "
        "deleted and on held-out images.",
        rows=methods_rows,
        methods=_every_method,
        every_model=True,
    ),
    "frontier": Entry(
        title="Forgetting against keeping",
        about="Each method at several weights of its forget loss, to be compared where they forget "
        "equally much.",
        rows=frontier_rows,
        methods=frontier_methods,
        every_model=True,
    ),
    "alpha": Entry(title="The weight of forgetting", about="alpha of i2i.", rows=alpha_rows),
    "retain": Entry(
        title="How much of retain is needed",
        about="i2i with part of retain.",
        rows=retain_rows,
    ),
    "subjects": Entry(
        title="How many subjects at once",
        about="One request, i2i.",
        rows=subjects_rows,
    ),
    "noise": Entry(
        title="Kinds of noise",
        about="What forget is moved to, i2i.",
        rows=noise_rows,
    ),
    "masks": Entry(
        title="Masks",
        about="One unlearned model (i2i) under many masks.",
        rows=masks_rows,
    ),
    "repeated": Entry(
        title="Deletion requests in a row",
        about="Each request starts from the model that the one before left, and its images leave "
        "the dataset. Each is scored after its own run and again after the last one.",
        rows=repeated_rows,
    ),
    "cost": Entry(
        title="What unlearning costs",
        about="Wall time and multiply-adds of each method, and how far its scores are from those "
        "of a model trained from scratch without the forget set. Multiply-adds are the measure, "
        "counted under the masks that each was trained with; seconds are wall time on the machine "
        "as it was, other work included. A column *minus retrained* is the difference of two "
        "values and has no interval of its own: those of both values stand in the column of the "
        "score itself.",
        rows=cost_rows,
        methods=_every_method,
    ),
}
"""Name -> table."""


def find_table(name: str) -> Entry:
    """Look a table up.

    Raises:
        ConfigError: no such table.
    """
    if name not in TABLES:
        raise ConfigError(f"table {name!r} unknown: use one of {', '.join(TABLES)}")
    return TABLES[name]


def _sweep(bench: Bench, changes: dict[str, dict[str, Any]]) -> list[Row]:
    """i2i with changed settings: the first model, the first ticket, the first mask, in the hole."""
    model, ticket, mask = bench.first
    group = f"{model}, {ticket} ticket, {mask}, hole"
    rows = []
    for label in _tracked(changes):
        cell = cell_of(bench, model, ticket, bench.i2i, swept=changes[label], score=(mask,))
        found = bench.run(cell)
        rows.append(row_of(group, label, found, mask, "hole", before=True))
    return rows


def _tracked(items: Iterable[T]) -> Iterator[T]:
    chosen = list(items)
    with track("cells", total=len(chosen)) as progress:
        for item in chosen:
            yield item
            progress.advance()
