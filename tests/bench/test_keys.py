"""The names of what is kept: they are those of earlier runs, so that kept cells are found again."""

import json
from dataclasses import asdict
from hashlib import sha256

import pytest
import yaml

from efface import __version__
from efface.bench.cell import Bench
from efface.bench.gridding import cell_of
from efface.bench.plan import read_plan
from efface.data.set_settings import parse_settings
from efface.gate.reading import read_policy
from efface.models.checkpoint import fingerprint
from efface.training.settings import read_settings, settings_to_dict
from efface.training.stopping import what_decides
from tests.bench.tiny_plan import write_plan


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    path = write_plan(tmp_path_factory.mktemp("plan"), max_images={"holdout": 30})
    return Bench(read_plan(path), path.parent / "work", quick=False)


def named(*parts):
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def names(bench, **asked):
    """Of the sets, the model and the scores of a cell that is run now."""
    before = {*(bench.work / "reports").glob("*.json")}
    found = bench.run(
        cell_of(bench, "mae", "one", {"precision": "float32", **asked.pop("method")}, **asked)
    )
    (report,) = {*(bench.work / "reports").glob("*.json")} - before
    return found.sets.parent.name, found.after.parent.name, report.stem


def sets_name(bench, policy, sharding):
    manifest = sha256((bench.plan.folder / "data" / "manifest.parquet").read_bytes()).hexdigest()
    ticket = bench.plan.tickets["one"].read_text()
    how = asdict(parse_settings(sharding))
    pins = policy.extractors["distance"].pins
    seed = policy.evaluation.seed
    return named(__version__, bench.plan.dataset, manifest, ticket, how, seed, pins)


def scores_name(model, policy, file):
    content = yaml.safe_load(file.read_text())
    looks = {key: content[key] for key in ("version", "masks", "evaluation")}
    extractors = {role: spec.pins for role, spec in policy.extractors.items()}
    return named(model, {**looks, "extractors": extractors})


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ({"name": "original"}, {}),
        ({"name": "original"}, {"seed": 3, "score": ("centre:1x1",)}),
        ({"steps": 2, "batch_size": 4, "probe_every": 2}, {"sharding": {"retain_limit": 20}}),
    ],
    ids=["plain", "scored-otherwise", "stops-early"],
)
def test_what_is_kept_has_the_name_of_earlier_runs(bench, method, more):
    file = bench.policy(more.get("score", ()), more.get("seed"))
    policy = read_policy(file)
    sets = sets_name(bench, policy, more.get("sharding", {}))
    settings = settings_to_dict(
        read_settings(bench.settings("mae", {"precision": "float32", **method}))
    )
    source = fingerprint(bench.plan.models["mae"]), ""
    stop = [what_decides(policy)] if settings["probe_every"] else []
    model = named(sets, *source, settings, ["centre:2x2"], *stop)
    assert names(bench, method=method, **more) == (sets, model, scores_name(model, policy, file))


def test_a_finished_model_has_the_name_of_earlier_runs(bench):
    made = bench.plan.models["mae"]
    settings = settings_to_dict(
        read_settings(bench.settings("mae", {"precision": "float32", "name": "original"}))
    )
    sets = sets_name(bench, read_policy(bench.policy()), {})
    expected = named(sets, fingerprint(made), fingerprint(made), settings, ["centre:2x2"])
    assert names(bench, method={"name": "original"}, made=made)[:2] == (sets, expected)


def test_the_policy_in_the_work_folder_has_the_name_of_earlier_runs(bench):
    file = bench.policy()
    assert file == bench.work / "policies" / f"{named(file.read_text())}.yaml"
