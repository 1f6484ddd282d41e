"""One cell: a model, a ticket and a setting, through the steps, once.

Sets, models and reports are kept in the bench's work folder under hashes of what they depend on, so
a second table shares them and an interrupted one goes on. Of efface that is its version, not its
code: delete the folder when you change a method. It holds copies of forget images and models before
and after: keep it private, delete it when you are done.
"""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from efface.bench.finished import check_finished
from efface.bench.keeping import alone, make_folder
from efface.bench.kept import (
    check_models,
    check_sets,
    read_scores,
    read_seconds,
    read_training,
    write_cell,
)
from efface.bench.keys import model_key, scores_key, sets_key
from efface.bench.plan import Plan
from efface.bench.policy_file import write_policy
from efface.bench.view import View
from efface.evaluation.report import Report
from efface.gate.reading import read_policy


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is run."""

    model: Path
    """Folder of the model in service."""
    ticket: Path
    settings: dict[str, Any]
    """Of the training, with the method's name."""
    sharding: dict[str, Any] = field(default_factory=dict)
    dataset: str = ""
    """Place of the dataset; empty: the plan's."""
    score: tuple[str, ...] = ()
    """Masks to score; empty: the plan's."""
    seed: int | None = None
    """Of the evaluation: which images are scored; None: the policy's."""
    made: Path | None = None
    """A finished model to score instead of unlearning, such as one trained without the images; of
    the same architecture as ``model``."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came out."""

    report: Report
    seconds: float
    """Wall time of the unlearn step; 0 for a finished model."""
    sets: Path
    before: Path
    after: Path


class Bench(View):
    """Runs cells of a plan in a work folder."""

    def __init__(self, plan: Plan, work: Path, *, quick: bool) -> None:
        """Use ``work``; ``quick`` takes the plan's shorter settings."""
        super().__init__(plan, quick=quick)
        self.work = work.resolve()
        self.place: dict[str, Any] = {"workspace": str(self.work / "workspace")}
        self._trained: set[str] = set()
        self.recipes: dict[str, dict[str, Any]] = {}
        """Of all scores that were asked for."""

    @property
    def trained(self) -> str:
        """Precision and device of all trainings that were asked for; empty if there was none."""
        return ", ".join(sorted(self._trained))

    def run(self, cell: Cell) -> Result:
        """Run a cell, or take what an earlier call kept."""
        policy = self.policy(cell.score, cell.seed)
        sets = self._sets(cell, policy)
        check_sets(sets)
        model = self._model(cell, sets, policy)
        name = scores_key(model.name, policy)
        report = self.work / "reports" / f"{name}.json"
        before, after = model / "before", model / "after"
        check_models(model, cell.made)
        if cell.made is None:
            self._trained |= read_training(model)
        if not report.exists():
            from efface.bench.scoring import score_all

            with alone(report) as needed:
                if needed:
                    score_all(
                        sets=sets, before=before, after=after, policy=str(policy),
                        run_id=f"score-{name}", out=report, **self.place,
                    )  # fmt: skip
        scored = read_scores(report, read_policy(policy).masks.score)
        self.recipes |= scored.recipes
        return Result(
            report=scored,
            seconds=read_seconds(model),
            sets=sets,
            before=before,
            after=after,
        )

    def policy(self, score: tuple[str, ...] = (), seed: int | None = None) -> Path:
        """The plan's policy, with these masks and this seed, as a file in the work folder."""
        return write_policy(self, self.work / "policies", score, seed)

    def _sets(self, cell: Cell, policy: Path) -> Path:
        from efface.steps import intake, shard

        dataset = cell.dataset or self.plan.dataset
        name = sets_key(dataset, cell.ticket, cell.sharding, policy)
        folder = self.work / "sets" / name
        run_id = f"sets-{name}"

        def make(folder: Path) -> None:
            (folder / "tickets").mkdir()
            shutil.copy(cell.ticket, folder / "tickets" / "ticket.json")
            words: dict[str, Any] = {"tickets": str(folder / "tickets"), "dataset": dataset}
            intake.run(out=folder / "batch", run_id=run_id, **words, **self.place)
            shard.run(
                batch=folder / "batch", policy=str(policy), settings=cell.sharding,
                out=folder / "sets", run_id=run_id, **self.place,
            )  # fmt: skip

        make_folder(folder, make)
        return folder / "sets"

    def _model(self, cell: Cell, sets: Path, policy: Path) -> Path:
        from efface.steps import unlearn

        name = model_key(sets.parent.name, cell.model, cell.made, cell.settings, policy)
        folder = self.work / "models" / name

        def make(folder: Path) -> None:
            method = {"name": "original"} if cell.made else cell.settings
            if cell.made:
                check_finished(cell.model, cell.made)
            started = time.monotonic()
            unlearn.run(
                sets=sets, policy=str(policy), model=str(cell.model), registry="", method=method,
                run_id=f"model-{name}", before=folder / "before", after=folder / "after",
                **self.place,
            )  # fmt: skip
            seconds = time.monotonic() - started
            if cell.made:
                shutil.rmtree(folder / "after")
                shutil.copytree(cell.made, folder / "after")
            write_cell(folder, seconds=0.0 if cell.made else seconds, settings=cell.settings)

        make_folder(folder, make)
        return folder
