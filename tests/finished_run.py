"""The files that a run leaves before register, refuse and explain, made without training."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from efface.data.manifest import SET_SCHEMA, write_manifest
from efface.data.shards import Sample, pack_shard
from efface.evaluation.recipe import recipe_key, score_recipe
from efface.evaluation.report import SIDES, Report, Score, write_report
from efface.evidence.page import MARK, VERDICT_MARK
from efface.files import sha256_file
from efface.gate.reading import read_policy
from efface.gate.verdict import Verdict, write_verdict
from efface.metrics.extractor_kinds import extractor_recipe
from efface.metrics.intervals import Estimate, clustered_mean, student
from efface.models.checkpoint import save_model
from efface.steps.handover.batch_file import write_batch
from efface.storage import open_store
from tests.gate.reports import CLEAN
from tests.tiny import tiny_mae

CONFIGURATION = "0" * 64
POLICY = """\
version: 1
name: tiny
extractors:
  distance: {uri: "small-cnn:tower", sha256: "%s", configuration_sha256: ZEROS}
  fid: {uri: "small-cnn:classifier", sha256: "%s", configuration_sha256: ZEROS}
masks: {train: ["centre:2x2"], score: ["centre:2x2"], held_out: ["outpaint:2x2"]}
evaluation: {seed: 0}
privacy: {forget_pictures: %s}
rules:
  forget-distance-rises: {minimum_rise: 0.05}
  retain-fid: {relative: 0.05, absolute: 40}
""".replace("ZEROS", f'"{CONFIGURATION}"')
SUBJECTS = ["00aa11bb22cc33dd", "44ee55ff66007788"]  # one odd, one even
TICKET = "ticket-1"
IMAGES = 1000
"""Of each subject."""
EXTRACTORS = {"distance": ("fashion-tower", "a" * 64), "fid": ("fashion-classifier", "b" * 64)}


@dataclass(frozen=True)
class FinishedRun:
    """Paths of a finished run."""

    folder: Path
    run_id: str = "run-1"

    @property
    def paths(self) -> dict[str, Any]:
        """Arguments of register.run, but for name and registry."""
        names = {"verdict": "verdict.json", "report": "report.json", "page": "page.html"}
        paths: dict[str, Any] = {key: self.folder / name for key, name in names.items()}
        paths |= {"batch": self.folder / "batch.json", "sets": self.folder / "sets"}
        paths |= {"after": self.folder / "after", "policy": str(self.folder / "policy.yaml")}
        return {**paths, "run_id": self.run_id, "workspace": str(self.folder / "workspace")}


def finished_run(
    folder: Path, *, passed: bool = True, forget_pictures: bool = False
) -> FinishedRun:
    """Write all files of a run under ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    allowed = "true" if forget_pictures else "false"
    (folder / "policy.yaml").write_text(POLICY % ("a" * 64, "b" * 64, allowed))
    models = {"before": save_model(tiny_mae(0), folder / "before", {})}
    made = {"base": models["before"], "masks": ["centre:2x2"], "grid": [4, 4]}
    models["after"] = save_model(tiny_mae(1), folder / "after", made)
    for place, name in enumerate(("forget", "neighbours", "holdout")):
        write_set(folder / "sets" / name, name, count=6, seed=place)
    (folder / "sets" / "sets.json").write_text(json.dumps(_plan()))
    write_batch(folder, _batch())
    report = make_report(models["before"], models["after"], rise=0.3 if passed else -0.1)
    write_report(folder / "report.json", report)
    write_verdict(folder / "verdict.json", _verdict(folder, report))
    shown = "shown" if forget_pictures else "withheld"
    _write_page(folder, shown)
    return FinishedRun(folder)


def edit_verdict(run: FinishedRun, **changes: Any) -> None:
    """Change fields of verdict.json by hand, and make the page of it anew."""
    path = run.folder / "verdict.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    _write_page(run.folder, "withheld")


def _write_page(folder: Path, shown: str) -> None:
    marks = {MARK: shown, VERDICT_MARK: sha256_file(folder / "verdict.json")}
    lines = [f'<meta name="{name}" content="{value}">' for name, value in marks.items()]
    (folder / "page.html").write_text("\n".join(lines))


def make_report(before: str, after: str, *, rise: float) -> Report:
    """A report with every score that the two main rules ask for."""
    people = [subject for subject in SUBJECTS for _ in range(IMAGES)]
    parts = {"": people, **{subject: [subject] * IMAGES for subject in SUBJECTS}}
    forget = {subject: _distances(0.2, rise, images) for subject, images in parts.items()}
    kept = _distances(0.2, 0.001, [f"kept-{number % 80}" for number in range(2000)])
    fid = [student(value, 0.0004, 19, n=2000, clusters=80) for value in (10.0, 10.01, 0.01)]
    scores, recipes = [], {}
    for mask in ("centre:2x2", "outpaint:2x2"):
        for region in ("hole", "full"):
            keys = {}
            for kind, (name, sha256) in EXTRACTORS.items():
                found = extractor_recipe(
                    "small-cnn", name=name, weights_sha256=sha256, dimension=64, size=32,
                    configuration_sha256=CONFIGURATION,
                )  # fmt: skip
                recipe = score_recipe(found, mask, region, 0)
                keys[kind] = recipe_key(recipe)
                recipes[keys[kind]] = recipe
            at = {"mask": mask, "region": region}
            at_distance = {**at, "metric": "distance", "recipe": keys["distance"]}
            at_fid = {**at, "metric": "fid", "recipe": keys["fid"]}
            for subject, estimates in forget.items():
                for ticket in ("", TICKET) if not subject else (TICKET,):
                    who = {"set": "forget", "ticket": ticket, "subject": subject}
                    scores += _triple(estimates, **at_distance, **who)
            for name in ("retain", "holdout", "neighbours", "control"):
                scores += _triple(kept, **at_distance, set=name)
                scores += _triple(fid, **at_fid, set=name)
    prints = {name: entry["fingerprint"] for name, entry in _plan()["sets"].items()}
    return Report(
        before=before,
        after=after,
        sets=prints,
        tickets={TICKET: SUBJECTS},
        recipes=recipes,
        scores=scores,
        hygiene=CLEAN,
    )


def write_set(folder: Path, name: str, *, count: int, seed: int) -> None:
    """A set of random 16 x 16 grey images."""
    random = np.random.default_rng(seed)
    encoded = {}
    for number in range(count):
        target = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (16, 16), np.uint8)).save(target, "PNG")
        encoded[f"{name}-{number}"] = target.getvalue()
    tar, entries = pack_shard(Sample(key, image, "png") for key, image in encoded.items())
    store = open_store(str(folder))
    store.write("00000.tar", tar)
    rows = [
        {
            "sample_id": entry.sample_id,
            "subject_id": SUBJECTS[place % 2],
            "rights_holder": "",
            "shard": "00000.tar",
            "offset": entry.offset,
            "length": entry.length,
            "sha256": entry.sha256,
            "width": 16,
            "height": 16,
            "split": "train" if name == "forget" else "holdout",
            "ticket_id": TICKET if name == "forget" else "",
            "similarity": 1.0,
            "rank": place,
        }
        for place, entry in enumerate(entries)
    ]
    write_manifest(store, pa.Table.from_pylist(rows, SET_SCHEMA), SET_SCHEMA)


def _distances(before: float, change: float, people: list[str]) -> list[Estimate]:
    """Before, after and change of images whose distances scatter a little about these means."""
    places = np.arange(len(people))
    people_N = np.array([int(one[-1], 16) % 2 - 0.5 for one in people])
    before_N = before + 0.01 * np.cos(places * np.pi)
    change_N = change + 0.01 * np.cos(places // 2 * np.pi) + 0.001 * people_N
    return [clustered_mean(one, people) for one in (before_N, before_N + change_N, change_N)]


def _triple(estimates: list[Estimate], **fields: str) -> list[Score]:
    return [
        Score(side=side, **fields, **vars(estimate))
        for side, estimate in zip(SIDES, estimates, strict=True)
    ]


def _verdict(folder: Path, report: Report) -> Verdict:
    from efface.gate.decide import decide

    policy = read_policy(folder / "policy.yaml")
    return decide(report, policy, sha256_file(folder / "report.json"))


def _plan() -> dict[str, Any]:
    names = ("forget", "neighbours", "holdout")
    prints = {**{name: name[0] * 64 for name in names}, "retain": "5" * 64, "control": "6" * 64}
    sets = {k: {"samples": 6, "fingerprint": found, "shards": []} for k, found in prints.items()}
    tickets = {TICKET: SUBJECTS}
    plan = {"version": 1, "dataset_sha256": "d" * 64, "seed": 0, "sets": sets}
    return {**plan, "near_duplicates": 0, "tickets": tickets}


def _batch() -> dict[str, Any]:
    tickets = [
        {"ticket_id": TICKET, "status": "in_progress", "samples": 6, "subjects": SUBJECTS},
        {"ticket_id": "ticket-2", "status": "no_data_found", "samples": 0, "subjects": []},
    ]
    about = {"name": "2026-11-23-0a1b2c3d", "dataset": "data", "dataset_sha256": "d" * 64}
    return {**about, "run_id": "run-1", "tickets": tickets, "rejected": []}
