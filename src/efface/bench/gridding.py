"""From names in a plan to cells, and from results to rows."""

from pathlib import Path
from typing import Any

from efface.bench.cell import Bench, Cell, Result
from efface.bench.table import Row, scores_of
from efface.progress import track

REGIONS = ("hole", "full")
PROXY = "i2i, proxy retain"
RETRAINED = "retrained without"


def cell_of(
    bench: Bench,
    model: str,
    ticket: str | Path,
    method: dict[str, Any],
    *,
    swept: dict[str, Any] | None = None,
    **more: Any,
) -> Cell:
    """The cell of a method with a model and a ticket of the plan, or a ticket file.

    Settings in ``swept`` win over those of the plan.
    """
    return Cell(
        model=bench.models[model],
        ticket=ticket if isinstance(ticket, Path) else bench.tickets[ticket],
        settings=bench.settings(model, method, **(swept or {})),
        **more,
    )


def compared(bench: Bench, model: str, ticket: str) -> dict[str, Result]:
    """Every method of the plan, i2i with proxy retain, and the retrained model if there is one."""
    cells = {
        label: cell_of(bench, model, ticket, method) for label, method in bench.methods.items()
    }
    if bench.plan.proxy:
        cells[PROXY] = cell_of(bench, model, ticket, bench.i2i, sharding=bench.plan.proxy)
    if made := bench.plan.retrained.get(model, {}).get(ticket):
        cells[RETRAINED] = cell_of(bench, model, ticket, {"name": "original"}, made=made)
    found = {}
    with track(f"{model}, {ticket}", total=len(cells)) as progress:
        for label, cell in cells.items():
            found[label] = bench.run(cell)
            progress.advance()
    return found


def row_of(
    group: str, label: str, found: Result, mask: str, region: str, *, before: bool = False
) -> Row:
    """A result as a line of a table, with the scores before unlearning if wanted."""
    return Row(
        group=group,
        label=label,
        scores=scores_of(found.report, mask, region, before=before),
        seconds=found.seconds or None,
    )
