"""Forgetting against keeping: each method at several weights of the forget loss.

One weight says little about a method: a method that forgets more also destroys more. So methods are
compared where they forget equally much, along the line that its weights draw.
"""

from typing import Any

from efface.bench.cell import Bench
from efface.bench.gridding import cell_of, row_of
from efface.bench.table import Row
from efface.errors import ConfigError
from efface.methods import find_method
from efface.progress import track
from efface.training.settings import read_settings

FACTORS = (0.1, 0.3, 1.0, 3.0)
"""Weights, as multiples of the method's own in the plan."""


def frontier_rows(bench: Bench) -> list[Row]:
    """Models x methods with a weight x weights: the first ticket, the first mask, in the hole.

    Raises:
        ConfigError: no method of the plan has a weight.
    """
    chosen = frontier_methods(bench)
    settings = weighted(chosen)
    if not settings:
        raise ConfigError(
            f"no method of the plan ({', '.join(chosen)}) has a forget loss with a weight: add i2i"
        )
    _, ticket, mask = bench.first
    cells = [(model, label) for model in bench.models for label in settings]
    rows = []
    with track("cells", total=len(cells)) as progress:
        for model, label in cells:
            alpha = {"alpha": settings[label]["alpha"]}
            cell = cell_of(bench, model, ticket, settings[label], swept=alpha, score=(mask,))
            found = bench.run(cell)
            group = f"{model}, {ticket} ticket, {mask}, hole"
            rows.append(row_of(group, label, found, mask, "hole", before=True))
            progress.advance()
    return rows


def frontier_methods(bench: Bench) -> dict[str, dict[str, Any]]:
    """Those that the plan compares, less what quick leaves out."""
    chosen = (bench.quick and bench.plan.quick.frontier) or bench.plan.frontier
    return {k: given for k, given in bench.methods.items() if k in (chosen or bench.methods)}


def weighted(methods: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Label with the weight -> settings, for each method with a weight and each factor."""
    found = {}
    for label, given in methods.items():
        alpha = read_settings(given).alpha
        method = find_method(read_settings(given).name)
        if method.has_forget_loss and method.direction is None:
            for factor in FACTORS:
                value = float(f"{alpha * factor:.3g}")
                found[f"{label}, alpha {value:g}"] = {**given, "alpha": value}
    return found
