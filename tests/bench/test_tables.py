"""The tables, run on the tiny world."""

import json
from dataclasses import replace

import pytest
import yaml
from PIL import Image

from efface.bench.cell import Bench
from efface.bench.cost import COST
from efface.bench.gridding import PROXY, RETRAINED, cell_of
from efface.bench.pictures import write_pictures
from efface.bench.plan import narrowed, read_plan
from efface.bench.tables import TABLES, find_table
from efface.cli import main
from efface.cli.bench import TABLE_NAMES
from efface.errors import ConfigError
from efface.gate.reading import read_policy
from efface.steps import unlearn
from tests.bench.tiny_plan import write_plan


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    retrained = {"mae": {"one": "model"}}  # the same weights: every difference must be zero
    seen = {"mae": {"images_seen": 1000, "seconds": 3}}
    return write_plan(folder, retrained=retrained, retraining=seen)


@pytest.fixture
def bench(path):
    return Bench(read_plan(path), path.parent / "work", quick=True)


def test_methods_are_compared_for_every_mask_and_region(bench):
    rows = TABLES["methods"].rows(bench)
    labels = ["original", "i2i", PROXY, RETRAINED]
    assert [row.label for row in rows] == labels * 4
    assert len({row.group for row in rows}) == 4
    first = {row.label: row.scores for row in rows[:4]}
    same, moved = first["original"], first["i2i"]
    assert same["forget distance"].value == first[RETRAINED]["forget distance"].value
    assert same["forget distance"].value != moved["forget distance"].value
    assert same["retain FID"].n == 30 and same["held-out forget distance"].n == 12
    change = moved["forget distance, change"]
    after, before = moved["forget distance"].value, same["forget distance"].value
    assert change.value == pytest.approx(after - before)


def test_a_second_table_shares_what_is_done(bench, monkeypatch):
    TABLES["methods"].rows(bench)

    def never(**_):
        raise AssertionError("done before")

    monkeypatch.setattr(unlearn, "run", never)
    rows = TABLES["cost"].rows(bench)
    more = {row.label: row.more for row in rows}
    assert COST not in more["original"]
    assert more["i2i"][COST] > more[PROXY][COST] > 0  # the proxy has fewer images for the teacher
    assert more[RETRAINED][COST] > 0
    assert next(row.seconds for row in rows if row.label == RETRAINED) == 3  # as the plan says
    assert more["original"]["retain FID, minus retrained"] == 0


def test_each_side_is_counted_under_the_masks_it_is_trained_with(path):
    plan, work = read_plan(path), path.parent / "work"

    def costs(**took):
        retraining = {"mae": {"images_seen": 1000, **took}}
        bench = Bench(replace(plan, retraining=retraining), work, quick=True)
        return {row.label: row.more.get(COST) for row in TABLES["cost"].rows(bench)}

    usual, same = costs(), costs(masks=plan.masks["train"])
    fewer, more = costs(masks=["outpaint:1x1"]), costs(masks=["centre:1x1", "outpaint:1x1"])
    assert usual == same
    assert fewer[RETRAINED] < more[RETRAINED] < usual[RETRAINED]  # visible patches cost
    assert fewer["i2i"] == more["i2i"] == usual["i2i"]


def test_the_scored_masks_do_not_change_what_a_method_costs(path):
    plan, work = read_plan(path), path.parent / "work"
    turned = {**plan.masks, "score": plan.masks["score"][::-1]}
    found = []
    for masks in (plan.masks, turned):
        bench = Bench(replace(plan, masks=masks), work, quick=True)
        found.append({row.label: row.more.get(COST) for row in TABLES["cost"].rows(bench)})
    assert found[0] == found[1]


def test_masks_of_retraining_that_the_grid_cannot_take_are_refused_before_any_work(path, tmp_path):
    retraining = {"mae": {"images_seen": 1000, "masks": ["outpaint:9x9"]}}
    bench = Bench(replace(read_plan(path), retraining=retraining), tmp_path / "work", quick=True)
    with pytest.raises(ConfigError, match="outpaint:9x9 does not fit a 4x4 patch grid"):
        TABLES["cost"].rows(bench)
    assert not (tmp_path / "work" / "models").exists()


def test_an_interrupted_cell_leaves_nothing_that_counts(path, monkeypatch):
    bench = Bench(read_plan(path), path.parent / "other", quick=True)
    real = unlearn.run

    def killed(**words):
        real(**words)
        raise KeyboardInterrupt

    monkeypatch.setattr(unlearn, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        TABLES["alpha"].rows(bench)
    monkeypatch.setattr(unlearn, "run", real)
    labels = [row.label for row in TABLES["masks"].rows(bench)]
    assert labels[:4] == ["centre:1x1", "centre:2x2", "centre:3x3", "outpaint:1x1"]


def test_less_of_retain_down_to_a_proxy(bench):
    labels = [row.label for row in TABLES["retain"].rows(bench)]
    assert labels == [
        "1% of retain, 1 images", "10% of retain, 8 images", "100% of retain, 80 images",
        "none of retain, proxy alone",
    ]  # fmt: skip


def test_requests_in_a_row_are_scored_twice(path):
    plan = read_plan(path)
    quick = replace(plan.quick, requests=2)
    bench = Bench(replace(plan, quick=quick), path.parent / "work", quick=True)
    rows = TABLES["repeated"].rows(bench)
    own, last = rows[:2], rows[2:]
    assert [row.label for row in rows] == ["request 1", "request 2"] * 2
    assert own[0].group.endswith("after its own run") and last[0].group.endswith("the last run")
    # The last request's model is the last model.
    assert own[1].scores["forget distance"].value == last[1].scores["forget distance"].value
    assert own[0].scores["forget distance"].value != last[0].scores["forget distance"].value
    # After the last run, the model before all of them is what it is compared with.
    before = [rows[n].scores["forget distance before"].value for n in range(4)]
    assert before[0] == before[2] and before[1] != before[3]


def test_a_table_is_written_with_what_repeats_it(bench, path, tmp_path):
    words = ["bench", "table", "subjects", "--plan", str(path), "--quick", "--model", "mae"]
    work = ["--work", str(bench.work), "--out", str(tmp_path)]
    assert main([*words, *work]) == 0
    text = (tmp_path / "quick-subjects-mae.md").read_text()
    assert f"`efface bench table subjects --plan {path} --quick --model mae`" in text
    assert "- mae, i2i: batch_size 4, probe_every 0, steps 3" in text
    assert text.count("- mae, ") == 1  # what the table did not run is not told
    assert "3 subjects" in text and "Extractors: tiny-classifier, tiny-tower." in text
    assert "Trained in float32 on cpu." in text
    assert "seed 0 of the scoring" in text
    content = json.loads((tmp_path / "quick-subjects-mae.json").read_text())
    scores = content["rows"][0]["scores"].values()
    assert {score["recipe"] for score in scores if score} == content["recipes"].keys()


def test_the_page_of_the_costs_says_what_its_numbers_are_worth(bench, path, tmp_path):
    words = ["bench", "table", "cost", "--plan", str(path), "--quick"]
    assert main([*words, "--work", str(bench.work), "--out", str(tmp_path)]) == 0
    text = (tmp_path / "quick-cost.md").read_text()
    assert "forget distance, minus retrained" in text
    assert "*minus retrained* is the difference of two values and has no interval of" in text
    assert "seconds are wall time on the machine as it was, other work included" in text


def test_the_help_names_every_table():
    assert tuple(TABLES) == TABLE_NAMES


def test_tables_share_the_cell_with_the_usual_noise(bench, monkeypatch):
    bench.run(cell_of(bench, "mae", "one", bench.i2i, score=("centre:2x2",)))
    monkeypatch.setattr("efface.bench.tables.NOISES", ("gaussian",))
    monkeypatch.setattr(unlearn, "run", None)
    (row,) = TABLES["noise"].rows(bench)
    assert row.scores["forget distance before"].value is not None


def test_a_quick_picture_never_replaces_that_of_the_whole(path, tmp_path, capsys):
    words = ["--plan", str(path), "--work", str(path.parent / "work"), "--out", str(tmp_path)]
    assert main(["bench", "pictures", "--quick", *words]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["quick-pictures-mae-one.png"]


def test_pictures_are_a_grid(bench, tmp_path):
    (path,) = write_pictures(bench, tmp_path)
    assert path.name == "pictures-mae-one.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG" and min(picture.size) > 200


def test_a_sweep_needs_the_method_it_sweeps(path):
    plan = read_plan(path)
    bench = Bench(replace(plan, methods={"x": {}}), path.parent / "work", quick=True)
    with pytest.raises(ConfigError, match="no method i2i"):
        TABLES["alpha"].rows(bench)


def test_a_policy_may_leave_out_what_it_need_not_say(path, tmp_path):
    content = yaml.safe_load((path.parent / "policy.yaml").read_text())
    del content["evaluation"]
    policy = path.parent / "short.yaml"
    policy.write_text(yaml.safe_dump(content))
    bench = Bench(replace(read_plan(path), policy=str(policy)), tmp_path / "work", quick=True)
    assert read_policy(bench.policy()).evaluation.max_images == {"holdout": 30}


def test_a_file_in_place_of_a_folder_is_refused_before_any_work(path, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    words = ["bench", "table", "alpha", "--plan", str(path), "--out", str(tmp_path / "file")]
    assert main([*words, "--work", str(tmp_path / "work")]) == 2
    assert "is no folder to write to" in capsys.readouterr().err


def test_a_plan_that_cannot_be_read_makes_no_folders(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "table", "alpha", "--plan", "absent.yaml"]) == 2
    assert "plan absent.yaml cannot be read" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_a_sweep_changes_wins_over_the_settings_of_the_plan(path):
    plan = read_plan(path)
    quick = replace(plan.quick, settings={"steps": 3, "alpha": 7.0})
    bench = Bench(replace(plan, quick=quick), path.parent / "work", quick=True)
    cell = cell_of(bench, "mae", "one", bench.i2i, swept={"alpha": 0.5})
    assert cell.settings["alpha"] == 0.5 and cell.settings["steps"] == 3


def test_a_model_that_quick_leaves_out_is_measured_when_it_is_asked_for(path):
    plan = read_plan(path)
    models = {"mae": plan.models["mae"], "other": plan.models["mae"]}
    plan = replace(plan, models=models, quick=replace(plan.quick, models=["mae"]))
    assert list(Bench(plan, path.parent / "work", quick=True).models) == ["mae"]
    asked = narrowed(plan, models=["other"], tickets=[])
    assert list(Bench(asked, path.parent / "work", quick=True).models) == ["other"]


def test_quick_leaves_methods_out_and_asks_less_often(path):
    plan = read_plan(path)
    assert Bench(plan, path.parent / "work", quick=True).requests == plan.requests == 10
    short = replace(plan.quick, methods=["original"], requests=3)
    plan = replace(plan, quick=short, requests=7)
    quick, whole = (Bench(plan, path.parent / "work", quick=value) for value in (True, False))
    assert list(quick.methods) == ["original"] and list(whole.methods) == ["original", "i2i"]
    assert (quick.requests, whole.requests) == (3, 7)
    assert quick.i2i == whole.i2i  # a sweep needs it all the same


def test_an_interrupted_bench_says_that_it_goes_on(path, tmp_path, monkeypatch, capsys):
    def stop(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(unlearn, "run", stop)
    words = ["bench", "table", "alpha", "--plan", str(path), "--out", str(tmp_path)]
    assert main([*words, "--work", str(tmp_path / "work")]) == 130
    assert "interrupted: what is done is kept in --work, and the same" in capsys.readouterr().err


def test_the_whole_of_retain_is_the_cell_of_i2i(bench, monkeypatch):
    TABLES["methods"].rows(bench)
    trained = []
    real = unlearn.run
    monkeypatch.setattr(unlearn, "run", lambda **words: trained.append(words) or real(**words))
    monkeypatch.setattr("efface.bench.tables.RETAIN_SHARES", (0.05, 1.0))
    TABLES["retain"].rows(bench)
    assert [words["method"].get("retain_images") for words in trained] == [4]


def test_an_unknown_table_names_the_known_ones():
    with pytest.raises(ConfigError, match="'method' unknown: use one of methods, frontier, alpha"):
        find_table("method")
