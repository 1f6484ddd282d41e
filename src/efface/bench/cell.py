"""One cell: a model, a ticket and a setting, through the steps, once.

Sets, models and reports are kept in the bench's work folder under hashes of what they depend on, so
a second table shares them and an interrupted one goes on. Of efface that is its version, not its
code: delete the folder when you change a method. It holds copies of forget images and models before
and after: keep it private, delete it when you are done.
"""

import json
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from efface import __version__
from efface.bench.finished import check_finished
from efface.bench.keeping import alone, make_folder
from efface.bench.kept import check_sets, read_scores, read_seconds, read_training, write_cell
from efface.bench.plan import Plan
from efface.data.manifest import NAME as MANIFEST
from efface.data.set_settings import parse_settings
from efface.errors import ConfigError, InputError
from efface.evaluation.report import Report
from efface.files import sha256_bytes, write_bytes
from efface.gate.reading import folder_of, policy_bytes, read_policy
from efface.gate.rules import NEEDED_ATTACKS
from efface.metrics.extractors.loading import absolute_uri
from efface.models.checkpoint import fingerprint
from efface.storage import open_store
from efface.training.device import find_precision, pick_device
from efface.training.settings import read_settings, settings_to_dict
from efface.training.stopping import what_decides
from efface.unique_keys import load_yaml

T = TypeVar("T")


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


class Bench:
    """Runs cells of a plan in a work folder."""

    def __init__(self, plan: Plan, work: Path, *, quick: bool) -> None:
        """Use ``work``; ``quick`` takes the plan's shorter settings."""
        self.plan, self.work, self.quick = plan, work.resolve(), quick
        self.place: dict[str, Any] = {"workspace": str(self.work / "workspace")}
        self._trained: set[str] = set()
        self.recipes: dict[str, dict[str, Any]] = {}
        """Of all scores that were asked for."""

    @property
    def trained(self) -> str:
        """Precision and device of all trainings that were asked for; empty if there was none."""
        return ", ".join(sorted(self._trained))

    @property
    def models(self) -> dict[str, Path]:
        """Models that are measured."""
        return self._kept(self.plan.models, self.plan.quick.models)

    @property
    def tickets(self) -> dict[str, Path]:
        """Tickets that are measured."""
        return self._kept(self.plan.tickets, self.plan.quick.tickets)

    @property
    def methods(self) -> dict[str, dict[str, Any]]:
        """Methods that are measured, with their settings."""
        return self._kept(self.plan.methods, self.plan.quick.methods)

    @property
    def requests(self) -> int:
        """How many requests are made in a row."""
        return (self.quick and self.plan.quick.requests) or self.plan.requests

    def _kept(self, known: dict[str, T], chosen: list[str]) -> dict[str, T]:
        """What quick keeps; all, where none of its names is left: somebody asked for others."""
        kept = {name: place for name, place in known.items() if self.quick and name in chosen}
        return kept or known

    @property
    def first(self) -> tuple[str, str, str]:
        """The first model, ticket and mask: what a sweep is made with."""
        return next(iter(self.models)), next(iter(self.tickets)), self.plan.masks["score"][0]

    @property
    def i2i(self) -> dict[str, Any]:
        """The plan's settings of the paper's method.

        Raises:
            ConfigError: it has none.
        """
        if "i2i" not in self.plan.methods:
            raise ConfigError(
                f"the plan has no method i2i ({', '.join(self.plan.methods)}): this table needs it"
            )
        return self.plan.methods["i2i"]

    def settings(self, model: str, method: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A method's settings for a model, shortened when quick; early stopping off."""
        own = self.plan.settings.get(model, {})
        short = self.plan.quick.settings if self.quick else {}
        return {"probe_every": 0, **method, **own, **short, **more}

    def run(self, cell: Cell) -> Result:
        """Run a cell, or take what an earlier call kept."""
        policy = self.policy(cell.score, cell.seed)
        sets = self._sets(cell, policy)
        check_sets(sets)
        model = self._model(cell, sets, policy)
        name = _hash(model.name, _looks(policy))
        report = self.work / "reports" / f"{name}.json"
        before, after = model / "before", model / "after"
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
        """The plan's policy with its masks and image counts, as a file in the work folder.

        Held-out masks and attacks are left out.
        """
        content = load_yaml(policy_bytes(self.plan.policy))
        folder = folder_of(self.plan.policy)
        masks = self.plan.masks
        content["masks"] = {"train": masks["train"], "score": list(score) or masks["score"]}
        limits = (self.quick and self.plan.quick.max_images) or self.plan.max_images
        content["evaluation"] = evaluation = content.get("evaluation") or {}
        evaluation["max_images"] = limits or evaluation.get("max_images") or {}
        for extractor in content["extractors"].values():
            extractor["uri"] = absolute_uri(extractor["uri"], folder)
        if seed is not None:
            evaluation["seed"] = seed
        content.pop("audit", None)
        for rule in ("held-out-masks", *NEEDED_ATTACKS):  # for which nothing is measured here
            content["rules"].pop(rule, None)
        text = yaml.safe_dump(content)
        path = self.work / "policies" / f"{_hash(text)}.yaml"
        if not path.is_file() or path.read_text() != text:  # another process may be reading it
            write_bytes(path, text.encode())
        return path

    def _sets(self, cell: Cell, policy: Path) -> Path:
        from efface.steps import intake, shard

        dataset = cell.dataset or self.plan.dataset
        content = sha256_bytes(open_store(dataset).read(MANIFEST))
        asked = read_policy(policy)
        looks = asked.evaluation.seed, asked.extractors["distance"].pins
        how = asdict(parse_settings(cell.sharding))
        name = _hash(__version__, dataset, content, _text(cell.ticket), how, *looks)
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

        train = self.plan.masks["train"]
        source = fingerprint(cell.model), fingerprint(cell.made) if cell.made else ""
        settings = _resolved(cell.settings)
        stop = [what_decides(read_policy(policy))] if settings["probe_every"] else []
        name = _hash(sets.parent.name, *source, settings, train, *stop)
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


def _resolved(given: dict[str, Any]) -> dict[str, Any]:
    """All settings of a training, with what the defaults and ``auto`` mean on this machine."""
    settings = settings_to_dict(read_settings(given))
    return {**settings, "precision": find_precision(pick_device(), settings["precision"])}


def _looks(policy: Path) -> dict[str, Any]:
    """What of a policy the scores depend on: not its rules, and not where its extractors lie."""
    content = yaml.safe_load(policy.read_text())
    kept = {key: content[key] for key in ("version", "masks", "evaluation")}
    pins = {role: spec.pins for role, spec in read_policy(policy).extractors.items()}
    return {**kept, "extractors": pins}


def _text(ticket: Path) -> str:
    try:
        return ticket.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"ticket {ticket} cannot be read: {error}") from None


def _hash(*parts: Any) -> str:
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())[:16]
