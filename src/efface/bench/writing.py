"""Run one table and write it, with what a reader needs to repeat it."""

from pathlib import Path
from typing import Any

from efface import __version__
from efface.bench.cell import Bench
from efface.bench.table import Row, Table, write_table
from efface.bench.tables import Entry
from efface.gate.reading import read_policy
from efface.training.settings import TrainingSettings

READING = (
    "Intervals are 95 %, over subjects: of distances robust to clusters, of FID, KID and Inception "
    "score (IS) by jackknife. Where all images are of one subject, as in the forget set of a "
    "ticket about one, they count as independent: such an interval is about these very images, and "
    "too narrow where they resemble each other. A change is after minus before on the same images, "
    "so its interval leaves out what before and after have in common: compare rows by changes. "
    "retain: holdout images of those who stay; forget: the very images that were to be deleted; "
    "held-out forget: other images of the same subjects; near: the holdout images most like "
    "forget. Seconds: wall time of the unlearn step, with whatever else the machine did: no "
    "measure of a method."
)


def measure(bench: Bench, entry: Entry, out: Path, *, file: str, command: str) -> list[Path]:
    """Run what the table needs; gives the files written: FILE.json and FILE.md."""
    rows = entry.rows(bench)
    about = [
        entry.about,
        f"Command: `{command}`. efface {__version__}.",
        _settings(bench, entry),
        _extractors(rows),
        f"Trained in {bench.trained}." if bench.trained else "",
        READING,
    ]
    table = Table(
        title=entry.title,
        about=[text for text in about if text],
        rows=rows,
        recipes=_recipes(bench, rows),
    )
    return write_table(table, out, file)


def _settings(bench: Bench, entry: Entry) -> str:
    lines = []
    for model in bench.models if entry.every_model else [bench.first[0]]:
        for label, method in entry.methods(bench).items():
            asked = bench.settings(model, method)
            words = ", ".join(f"{key} {value}" for key, value in sorted(asked.items()))
            lines.append(f"- {model}, {label}: {words}")
    masks = ", ".join(bench.plan.masks["train"])
    seeds = (
        f"seed {read_policy(bench.policy()).evaluation.seed} of the scoring; seed "
        f"{TrainingSettings.seed} of the training unless one is named"
    )
    return f"Trained masks: {masks}. Settings beyond the defaults ({seeds}):\n\n" + "\n".join(lines)


def _keys(rows: list[Row]) -> set[str]:
    return {score.recipe for row in rows for score in row.scores.values() if score is not None}


def _extractors(rows: list[Row]) -> str:
    names = sorted({recipe.rsplit("-", 1)[0] for recipe in _keys(rows)})
    return f"Extractors: {', '.join(names)}."


def _recipes(bench: Bench, rows: list[Row]) -> dict[str, dict[str, Any]]:
    """What the scores of the table were made with."""
    return {key: bench.recipes[key] for key in sorted(_keys(rows))}
