import json
import shutil

import pytest

from efface.errors import InputError
from efface.evaluation.report import read_report
from efface.models.checkpoint import fingerprint, save_model
from efface.steps import evaluate, merge
from tests.tiny import tiny_mae
from tests.tiny_run import make_run

PARTS = [
    "forget-00000+forget-00001",
    "retain-00000",
    "retain-00001+holdout-00000",
    "holdout-00001",
]


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFACE_HOME", str(folder / "home"))
        shared = make_run(folder)
        files = [folder / f"part-{number}" for number in range(len(PARTS))]
        for part, file in zip(PARTS, files, strict=True):
            place = {"run_id": "run-1", "workspace": str(folder / "workspace")}
            evaluate.run(shard=part, out=file, **place, **shared)
    return {**shared, "statistics": files, "out": folder / "report.json"}


@pytest.fixture(scope="module")
def merged(given):
    return merge.run(**given), read_report(given["out"])


def test_the_report_names_models_sets_and_tickets(given, merged):
    report = merged[1]
    assert report.before == fingerprint(given["before"])
    assert report.after == fingerprint(given["after"])
    assert report.sets["forget"] == "print-forget"
    assert report.tickets == {"t1": ["subject-0", "subject-1", "subject-2"]}


def test_every_image_that_should_be_scored_is_counted(merged):
    found = merged[1].find(metric="distance", mask="centre:2x2", region="hole", side="change")
    sizes = {score.set: score.n for score in found if not score.ticket}
    assert sizes == {"forget": 12, "retain": 20, "holdout": 15}


def test_the_checkpoints_are_compared(merged):
    hygiene = merged[1].hygiene
    assert hygiene.unexpected_keys == hygiene.missing_keys == hygiene.not_finite == []
    assert any(name.startswith("decoder") for name in hygiene.moved_outside_encoder)


def test_the_reader_is_told_of_near_duplicates_and_of_what_was_not_scored(merged):
    assert merged[1].notes == [
        "2 near-duplicates of forget images were kept out of retain, neighbours and holdout.",
        "holdout: 15 of 18 images were scored.",
    ]


def test_the_reader_is_told_of_copies_in_the_proxy(given, tmp_path):
    sets = tmp_path / "sets"
    shutil.copytree(given["sets"], sets)
    plan = json.loads((sets / "sets.json").read_text())
    (sets / "sets.json").write_text(json.dumps({**plan, "proxy_copies": 3}))
    merge.run(**{**given, "sets": sets, "out": tmp_path / "report.json"})
    notes = read_report(tmp_path / "report.json").notes
    assert (
        "3 images of the proxy were kept out of retain as near-duplicates of images that are "
        "scored (holdout, forget-holdout, control)."
    ) in notes


def test_the_headline_gives_distance_and_fid_of_each_set(merged):
    headline, report = merged
    assert len(headline) == 3 * 2 * 3
    score = report.find(metric="fid", set="holdout", mask="centre:2x2", region="hole", side="after")
    assert headline["holdout_fid_after"] == score[0].value


def test_a_missing_part_is_refused(given, tmp_path):
    parts = {**given, "statistics": given["statistics"][:-1], "out": tmp_path / "report.json"}
    with pytest.raises(InputError, match="holdout: 10 images were scored where 15"):
        merge.run(**parts)
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_model_that_was_not_scored_is_no_side_of_the_comparison(given, tmp_path, side):
    """What hygiene says has to be about the model of the scores."""
    other = save_model(tiny_mae(5), tmp_path / "other", {})
    folders = {**given, side: tmp_path / "other", "out": tmp_path / "report.json"}
    with pytest.raises(InputError, match=f"was scored as {side}: it has {other[:12]}"):
        merge.run(**folders)
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("name", ["forget", "retain", "holdout"])
def test_statistics_of_other_sets_are_refused(given, tmp_path, name):
    sets = tmp_path / "sets"
    shutil.copytree(given["sets"], sets)
    plan = json.loads((sets / "sets.json").read_text())
    plan["sets"][name]["fingerprint"] = "other"
    (sets / "sets.json").write_text(json.dumps(plan))
    with pytest.raises(InputError, match=f"other images than the set {name}"):
        merge.run(**{**given, "sets": sets, "out": tmp_path / "report.json"})
