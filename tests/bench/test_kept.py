"""What is damaged in a bench's work folder is named, with what to delete; then all is made anew."""

import json
import shutil

import pytest

from efface.bench.cell import Bench
from efface.bench.gridding import cell_of
from efface.bench.plan import read_plan
from efface.cli import main
from efface.errors import InputError
from tests.bench.tiny_plan import write_plan

SETTINGS = {"name": "i2i", "steps": 2, "batch_size": 4}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_plan(tmp_path_factory.mktemp("kept"), methods={"i2i": SETTINGS}, proxy={})


@pytest.fixture(scope="module")
def bench(path):
    return Bench(read_plan(path), path.parent / "work", quick=False)


def run(bench):
    return bench.run(cell_of(bench, "mae", "one", SETTINGS))


@pytest.fixture
def kept(bench):
    """Where things lie; whatever a test does to them is undone."""
    run(bench)
    saved = bench.work.with_name("saved")
    shutil.copytree(bench.work, saved)
    (sets,), (model,), (report,) = (
        bench.work.glob(pattern) for pattern in ("sets/[!l]*", "models/[!l]*", "reports/*.json")
    )
    yield {
        "sets.json": sets / "sets" / "sets.json",
        "cell.json": model / "cell.json",
        "efface.json": model / "after" / "efface.json",
        "report": report,
    }
    shutil.rmtree(bench.work)
    saved.rename(bench.work)


def damaged(kept, name):
    """What a message about this file names."""
    place = kept[name] if name == "report" else kept[name].parent
    return place.parent if name in ("sets.json", "efface.json") else place


NAMES = ["sets.json", "cell.json", "efface.json", "report"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 2}'])
def test_a_file_that_is_no_document_is_named_with_what_to_delete(bench, kept, name, content):
    kept[name].write_text(content)
    kind = "file" if name == "report" else "folder"
    with pytest.raises(InputError, match=f"{damaged(kept, name)} is damaged: delete that {kind}"):
        run(bench)


def test_a_folder_in_its_place_is_named_too(bench, kept):
    kept["cell.json"].unlink()
    kept["cell.json"].mkdir()
    with pytest.raises(InputError, match=f"{damaged(kept, 'cell.json')} is damaged: delete"):
        run(bench)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deleted_as_told_is_made_again(bench, kept, name):
    before = run(bench).report
    place = damaged(kept, name)
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert run(bench).report == before


@pytest.mark.parametrize(
    ("name", "where", "value", "message"),
    [
        ("sets.json", ["sets"], {}, "sets.json is damaged, sets: 'forget' is a required property"),
        ("sets.json", ["sets", "retain", "samples"], "many", "retain.samples: 'many' is not of"),
        ("sets.json", ["sets", "retain", "shards"], [{}], "shards.*'name' is a required property"),
        ("sets.json", ["dataset_sha256"], 3, "dataset_sha256: 3 is not of type 'string'"),
        ("cell.json", ["seconds"], None, "seconds is None: use a finite number"),
        ("cell.json", ["seconds"], float("nan"), "seconds is nan: use a finite number"),
        ("cell.json", ["seconds"], 10**400, "seconds is 1000.*: use a finite number"),
        ("cell.json", ["seconds"], -1, "seconds: -1 is less than the minimum"),
        ("efface.json", ["lineage"], [], r"lineage: \[\] is not of type 'object'"),
        ("efface.json", ["lineage", "trained"], "cpu", "lineage.trained: 'cpu' is not of type"),
        ("efface.json", ["lineage", "trained"], {}, "'precision' is a required property"),
        ("report", ["scores"], [], "no score under mask centre:2x2, outpaint:2x2"),
        ("report", ["scores"], [3], "does not have the fields"),
        ("report", ["scores", 0, "value"], "low", "value is 'low': use a finite number"),
        ("report", ["scores", 0, "value"], float("nan"), "value is nan: use a finite number"),
        ("report", ["scores", 0, "mask"], ["centre:2x2"], "mask is .*: use text"),
        ("report", ["recipes"], {}, "'.*' is a required property"),
        ("report", ["recipes"], None, "None is not of type 'object'"),
    ],
)
def test_a_value_that_does_not_belong_is_named(bench, kept, name, where, value, message):
    content = json.loads(kept[name].read_text())
    part = content
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    kept[name].write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"{damaged(kept, name)} is damaged: .*{message}"):
        run(bench)


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def other_settings(path):
    path.write_text(path.read_text().replace("0.5", "0.4"))


@pytest.mark.parametrize("unscored", [["report"], []], ids=["unscored", "scored"])
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", flipped),
        ("model.safetensors", lambda path: path.write_bytes(path.read_bytes()[:500])),
        ("model.safetensors", lambda path: path.unlink()),
        ("config.json", lambda path: path.write_text("[1]")),
        ("config.json", lambda path: path.unlink()),
        ("preprocessor_config.json", other_settings),
    ],
    ids=["flipped", "half", "gone", "config", "no-config", "settings"],
)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_model_that_is_not_the_one_that_was_kept_is_never_scored(
    bench, kept, side, name, damage, unscored
):
    folder = kept["cell.json"].parent
    damage(folder / side / name)
    for each in unscored:
        kept[each].unlink()
    with pytest.raises(InputError, match=f"{folder} is damaged: delete that folder, and the same"):
        run(bench)


def test_a_copy_of_a_finished_model_that_was_changed_is_named(bench, kept):
    made = kept["cell.json"].parent / "after"
    cell = cell_of(bench, "mae", "one", {"name": "original"}, made=made)
    copied = bench.run(cell).after
    assert bench.run(cell).after == copied
    flipped(copied / "model.safetensors")
    with pytest.raises(InputError, match=f"{copied.parent} is damaged: .*after has other weights"):
        bench.run(cell)


def test_a_report_without_scores_is_no_empty_table(bench, kept, path, tmp_path, capsys):
    content = json.loads(kept["report"].read_text())
    kept["report"].write_text(json.dumps({**content, "scores": []}))
    words = ["--plan", str(path), "--work", str(bench.work), "--out", str(tmp_path)]
    assert main(["bench", "table", "methods", *words]) == 2
    assert f"{kept['report']} is damaged: delete that file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
