import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from efface.data.forgetting import assign_tickets
from efface.data.importing import import_images
from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.data.set_settings import ShardSettings, parse_settings
from efface.errors import ConfigError, DataError
from efface.files import read_json, sha256_bytes, sha256_file
from efface.steps import shard
from efface.steps.handover.batch_file import write_batch
from efface.storage import LocalStore, open_store
from efface.tickets.matching import FORGET_SCHEMA
from efface.tickets.subjects import hash_subject, key_id
from tests.data.pictures import encoded, put_folder

KEY = b"0123456789abcdef-for-tests"
SETTINGS = {"neighbours": 4, "control": 3, "samples_per_shard": 10}
PEOPLE = {
    "anna": (6, "train"),
    "ben": (15, "train"),
    "anna@h": (3, "holdout"),
    "ben@h": (8, "holdout"),
    "cleo": (5, "control"),
}
POLICY = """
version: 1
name: test
extractors:
  distance: {uri: "inception:none", sha256: "ZEROS"}
  fid: {uri: "inception:none", sha256: "ZEROS"}
masks: {train: ["centre:2x2"], score: ["centre:2x2"], held_out: ["outpaint:2x2"]}
evaluation: {seed: 5, max_images: {retain: 6}}
rules:
  forget-distance-rises: {minimum_rise: 0.05}
  retain-fid: {relative: 0.05, absolute: 40}
""".replace("ZEROS", "0" * 64)


def embed(images_NCHW: np.ndarray) -> np.ndarray:
    """Mean colours of a coarse grid: features without a network."""
    blocks = images_NCHW[:, :, :32, :32].reshape(len(images_NCHW), 3, 4, 8, 4, 8)
    return blocks.mean(axis=(3, 5)).reshape(len(images_NCHW), -1).astype(np.float32)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset, a policy, and a batch that asks for anna."""
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", KEY.decode())
    table = put_folder(tmp_path / "in", PEOPLE)
    copy_a_picture(tmp_path / "in")
    import_images(str(tmp_path / "in"), table, str(tmp_path / "dataset"), workers=1)
    (tmp_path / "policy.yaml").write_text(POLICY)
    put_batch(tmp_path, [f"anna/{n:03d}" for n in range(6)])
    return tmp_path


def copy_a_picture(folder: Path) -> None:
    """Ben's first train image becomes anna's first, saved again."""
    source = next((folder / "anna").glob("000.*"))
    target = next((folder / "ben").glob("000.*"))
    kind = {".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}[target.suffix]
    stream = io.BytesIO()
    Image.open(source).resize((64, 80)).save(stream, kind)
    target.write_bytes(stream.getvalue())


def put_batch(folder: Path, stems: list[str]) -> None:
    ids = read_manifest(open_store(str(folder / "dataset")))["sample_id"].to_pylist()
    samples = [name for name in ids if name.rpartition(".")[0] in stems]
    batch = folder / "batch"
    batch.mkdir(exist_ok=True)
    content = {
        "name": "2026-11-23-0a1b2c3d",
        "run_id": "run-1",
        "tickets": [],
        "rejected": [],
        "dataset": str(folder / "dataset"),
        "dataset_sha256": sha256_file(folder / "dataset/manifest.parquet"),
    }
    write_batch(batch, content)
    rows = {
        "sample_id": samples,
        "ticket_id": ["t-1"] * len(samples),
        "subject_id": [hash_subject(KEY, "anna")] * len(samples),
    }
    pq.write_table(pa.table(rows, schema=FORGET_SCHEMA), batch / "forget.parquet")


def run(folder: Path, **changes: Any) -> list[str]:
    arguments: dict[str, Any] = {
        "batch": folder / "batch",
        "policy": str(folder / "policy.yaml"),
        "run_id": "r-1",
        "workspace": str(folder / "workspace"),
        "settings": SETTINGS,
        "out": folder / "sets",
        "embed": embed,
    }
    return shard.run(**arguments | changes)


def test_the_sets_are_written_and_the_parts_to_score_named(given: Path) -> None:
    parts = run(given)
    sets = read_json(given / "sets/sets.json", kind="sets", version=1)["sets"]
    sizes = {name: entry["samples"] for name, entry in sets.items()}
    assert sizes == {
        "forget": 6,
        "forget-holdout": 3,
        "retain": 14,
        "neighbours": 4,
        "control": 3,
        "holdout": 8,
    }
    assert sorted("+".join(parts).split("+")) == [
        "control-00000",
        "forget-00000",
        "forget-holdout-00000",
        "holdout-00000",
        "neighbours-00000",
        "retain-00000",
    ]
    assert [s["samples"] for s in sets["retain"]["shards"]] == [10, 4]


def test_a_rule_that_the_sets_cannot_satisfy_is_told(
    given: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(given)
    assert "retain-fid asks for 500 images of holdout, and 8 of 8 will be scored" in caplog.text


def test_shards_have_the_hashes_that_are_written_down(given: Path) -> None:
    run(given)
    sets = read_json(given / "sets/sets.json", kind="sets", version=1)["sets"]
    shards = [entry for one in sets.values() for entry in one["shards"]]
    assert [sha256_file(given / "sets" / s["path"]) for s in shards] == [
        s["sha256"] for s in shards
    ]


def test_images_of_a_set_are_read_back(given: Path) -> None:
    run(given)
    images, rows = read_images(given / "sets/forget", size=16, channels=3, limit=4)
    assert images.shape == (4, 3, 16, 16)
    assert rows["rank"].to_pylist() == [0, 1, 2, 3]
    assert set(rows["ticket_id"].to_pylist()) == {"t-1"}
    assert set(rows["similarity"].to_pylist()) == {1.0}


def test_a_near_duplicate_of_a_forget_image_is_not_retained(given: Path) -> None:
    run(given)
    content = read_json(given / "sets/sets.json", kind="sets", version=1)
    kept = read_manifest(LocalStore(given / "sets/retain"))["sample_id"].to_pylist()
    assert content["near_duplicates"] == 1
    assert not [name for name in kept if name.startswith("ben/000")]


def put_proxy(folder: Path) -> list[str]:
    """A dataset of strangers, and of scored and forgotten pictures saved again; their stems."""
    table = put_folder(folder / "proxy-in", {"dora": (12, "train")}, seed=500)
    copied = {"ben@h/001": "JPEG", "cleo/002": "JPEG", "anna@h/000": "WEBP", "anna/001": "JPEG"}
    for number, (stem, kind) in enumerate(copied.items()):
        target = next((folder / "proxy-in" / "dora").glob(f"{number:03d}.*"))
        picture = Image.open(next((folder / "in").glob(f"{stem}.*"))).convert("RGB")
        target.write_bytes(encoded(picture, kind, quality=90))
    same = next((folder / "in").glob("ben@h/003.*"))
    next((folder / "proxy-in" / "dora").glob("004.*")).write_bytes(same.read_bytes())
    import_images(str(folder / "proxy-in"), table, str(folder / "proxy"), workers=1)
    return [f"proxy/dora/{number:03d}" for number in range(5)]


def test_copies_of_scored_and_forgotten_images_are_left_out_of_a_proxy(given: Path) -> None:
    copies = put_proxy(given)
    run(given, settings={**SETTINGS, "proxy": str(given / "proxy")})
    content = read_json(given / "sets/sets.json", kind="sets", version=1)
    kept = read_manifest(LocalStore(given / "sets/retain"))["sample_id"].to_pylist()
    assert len(kept) == 12 - len(copies)
    assert not {name.rpartition(".")[0] for name in kept} & set(copies)
    assert content["proxy_copies"] == 4  # the fifth copies a forgotten image
    assert content["near_duplicates"] == 1
    sizes = {name: entry["samples"] for name, entry in content["sets"].items()}
    assert (sizes["holdout"], sizes["control"], sizes["forget-holdout"]) == (8, 3, 3)


def test_a_proxy_that_is_all_copies_says_what_to_do(given: Path) -> None:
    shutil.copytree(given / "dataset", given / "proxy")
    settings = {**SETTINGS, "proxy": str(given / "proxy"), "proxy_split": "holdout"}
    with pytest.raises(DataError, match="retain set is empty.*take a proxy that is no copy"):
        run(given, settings=settings)


def test_without_a_proxy_there_are_no_copies_to_tell_of(given: Path) -> None:
    run(given)
    assert read_json(given / "sets/sets.json", kind="sets", version=1)["proxy_copies"] == 0


def test_sets_hold_keyed_hashes_instead_of_names(given: Path) -> None:
    run(given)
    for name in ("forget", "retain", "holdout"):
        rows = read_manifest(LocalStore(given / "sets" / name))
        assert not {"anna", "ben"} & set(rows["subject_id"].to_pylist())
        assert set(rows["rights_holder"].to_pylist()) == {""}
    content = read_json(given / "sets/sets.json", kind="sets", version=1)
    assert content["tickets"] == {"t-1": [hash_subject(KEY, "anna")]}


def test_retain_images_know_how_similar_they_are(given: Path) -> None:
    run(given)
    rows = read_manifest(LocalStore(given / "sets/retain"))
    similarity = rows["similarity"].to_numpy()
    assert 0 < similarity.min() < similarity.max() <= 1


def test_the_same_tickets_and_seed_give_the_same_bytes(given: Path) -> None:
    run(given, out=given / "one")
    run(given, out=given / "two")
    one, two = (
        {str(p.relative_to(given / name)): sha256_file(p) for p in (given / name).rglob("*.*")}
        for name in ("one", "two")
    )
    assert one == two


def test_the_sets_are_noted_for_the_purge(given: Path) -> None:
    run(given)
    notes = [p.read_text() for p in (given / "workspace/r-1/purge").iterdir()]
    assert any(str(given / "sets") in note for note in notes)


def test_a_killed_step_is_run_again(given: Path) -> None:
    script = (
        "import sys, time; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from tests.steps.test_shard import run, shard\n"
        "write = shard.write_set\n"
        "def slow(*a, **k):\n"
        "    entry = write(*a, **k); time.sleep(1); return entry\n"
        "shard.write_set = slow\n"
        f"run(Path({str(given)!r}))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], env=os.environ)
    deadline = time.monotonic() + 60
    while not list(given.glob(".sets.*/retain/*.tar")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (given / "sets").exists()
    run(given)
    assert (given / "sets/sets.json").exists()
    assert not list(given.glob(".sets.*"))


@pytest.mark.parametrize("place", ["dataset", "batch", ".", "precious", "policy.yaml", "proxy"])
def test_what_no_shard_step_wrote_is_refused_and_stays(given: Path, place: str) -> None:
    (given / "precious").mkdir()
    (given / "precious/mine.txt").write_text("mine")
    shutil.copytree(given / "dataset", given / "proxy/data")
    (given / "proxy/sets.json").write_text("{}")  # an earlier output that is an input now
    there = {path: path.read_bytes() for path in given.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match=f"cannot write to {given / place}: .*another folder"):
        run(given, out=given / place, settings={**SETTINGS, "proxy": str(given / "proxy/data")})
    assert {path: path.read_bytes() for path in given.rglob("*") if path.is_file()} == there


def test_earlier_sets_and_an_empty_folder_are_replaced(given: Path) -> None:
    (given / "sets").mkdir()
    first, again = run(given), run(given, run_id="r-2")
    assert first == again
    assert (given / "sets/sets.json").exists()


def test_a_neighbour_with_a_name_alike_stays(given: Path) -> None:
    (given / ".sets.old").mkdir()
    (given / ".sets.old/mine.txt").write_text("mine")
    run(given)
    assert (given / ".sets.old/mine.txt").read_text() == "mine"


def test_an_empty_forget_set_is_refused(given: Path) -> None:
    put_batch(given, [])
    with pytest.raises(DataError, match="the forget set is empty"):
        run(given)
    assert not (given / "sets").exists()


def test_a_dataset_that_changed_since_intake_is_refused(given: Path) -> None:
    path = given / "batch/batch.json"
    changed = json.loads(path.read_text()) | {"dataset_sha256": sha256_bytes(b"other")}
    path.write_text(json.dumps(changed))
    with pytest.raises(DataError, match="has changed since intake"):
        run(given)


def test_another_subject_key_than_that_of_intake_is_refused(given: Path) -> None:
    path = given / "batch/batch.json"
    batch = json.loads(path.read_text())
    path.write_text(json.dumps({**batch, "key_id": key_id(KEY)}))
    run(given)
    path.write_text(json.dumps({**batch, "key_id": key_id(b"another")}))
    with pytest.raises(ConfigError, match="EFFACE_SUBJECT_KEY is another than intake had"):
        run(given)


def test_a_damaged_dataset_is_named(given: Path) -> None:
    path = next((given / "dataset/shards").iterdir())
    content = bytearray(path.read_bytes())
    content[600] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"shards/00000-\w+\.tar is damaged: sample"):
        run(given)


def test_an_image_that_two_tickets_mean_is_scored_for_the_smaller() -> None:
    rows = [("a", "brand"), ("b", "brand"), ("c", "brand"), ("b", "person")]
    samples, tickets = zip(*rows, strict=True)
    forget = pa.table({"sample_id": samples, "ticket_id": tickets})
    assert assign_tickets(forget) == {"a": "brand", "b": "person", "c": "brand"}


def test_numbers_that_travelled_as_floats_are_whole_again() -> None:
    assert parse_settings({"neighbours": 7.0, "near_duplicate": 1}) == ShardSettings(
        neighbours=7, near_duplicate=1.0
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"neighbors": 3}, "neighbors unknown: use neighbours, control"),
        ({"neighbours": 0}, "neighbours must be at least 1, got 0"),
        ({"control": 2.5}, "control must be a whole number, got 2.5"),
        ({"control": True}, "control must be a whole number, got True"),
        ({"near_duplicate": 1.5}, "near_duplicate must be above 0 and at most 1, got 1.5"),
        ({"near_duplicate": "high"}, "near_duplicate must be a number, got 'high'"),
        ({"retain_limit": -1}, "retain_limit must be at least 0, got -1"),
        (
            {"proxy": "data", "proxy_split": "test"},
            "proxy_split must be one of train, holdout, control, got 'test'",
        ),
        ({"proxy_split": "control"}, "proxy_split must be given with a proxy, or left out"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_settings(settings)
