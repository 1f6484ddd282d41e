import json

import pytest
import yaml

from efface.bench.plan import Quick, narrowed, read_plan
from efface.cli import main
from efface.errors import CheckpointError, ConfigError, InputError
from tests.bench.tiny_plan import write_plan
from tests.tiny import tiny_vqgan

NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    (folder / "empty.json").write_text("{}")
    for name, kind in (("other", "bert"), ("bare", "vit_mae")):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps({"model_type": kind}))
    return write_plan(folder)


def changed(path, **changes):
    content = yaml.safe_load(path.read_text()) | changes
    other = path.with_name("changed.yaml")
    other.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
    return read_plan(other)


def test_paths_are_relative_to_the_plan(path):
    plan = read_plan(path)
    assert plan.models == {"mae": path.parent / "model"}
    assert plan.dataset == str(path.parent / "data")
    assert plan.quick.settings == {"steps": 3}
    proxy = {"proxy": "data", "proxy_split": "control"}
    assert changed(path, proxy=proxy).proxy == {**proxy, "proxy": plan.dataset}


def test_a_plan_is_narrowed_to_names_that_it_has(path):
    plan = read_plan(path)
    assert narrowed(plan, models=[], tickets=["one"]) == plan
    with pytest.raises(ConfigError, match="no models vae: use mae"):
        narrowed(plan, models=["vae"], tickets=[])


@pytest.mark.parametrize("quick", [None, {}, {"models": []}])
def test_a_quick_run_of_a_plan_that_says_nothing_of_it_is_refused(path, quick, tmp_path, capsys):
    content = yaml.safe_load(path.read_text()) | {"quick": quick}
    other = path.with_name("long.yaml")
    other.write_text(yaml.safe_dump(content))
    words = ["bench", "table", "methods", "--plan", str(other), "--quick"]
    assert main([*words, "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]) == 2
    assert "nothing under `quick`, and would run in full: add " in capsys.readouterr().err


def test_a_dataset_on_s3_stays_where_it_is(path):
    assert changed(path, dataset="s3://bucket/data").dataset == "s3://bucket/data"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "needs `version: 1`"),
        ({"version": True}, "needs `version: 1`"),
        ({"version": 1.0}, "needs `version: 1`"),
        ({"metods": {}}, "metods unknown: use .*methods"),
        ({"models": None}, "lacks models"),
        ({"frontier": ["i3i"]}, "frontier of the plan names i3i: use .*original"),
        ({"models": {"mae": "nowhere"}}, "models of the plan do not exist: .*nowhere; .* relative"),
        ({"masks": {"train": ["center:2x2"], "score": ["centre:2x2"]}}, "masks.train of the plan"),
        ({"dataset": "nowhere"}, "dataset of the plan has no manifest.parquet: .*nowhere"),
        ({"proxy": {"proxy": "nowhere"}}, "proxy of the plan has no manifest.parquet: .*nowhere"),
        ({"quick": {"models": ["vae"]}}, "quick.models names vae: use mae"),
        ({"quick": {"methods": ["i3i"]}}, "quick.methods names i3i: use i2i; original"),
        ({"quick": {"frontier": ["i3i"]}}, "frontier of the plan names i3i"),
        ({"quick": {"requests": 0}}, "quick.requests: 0 is less than the minimum of 1"),
        ({"quick": {"seed": 1}}, "seed unknown: use frontier, max_images"),
        ({"models": ["a"]}, r"models: \['a'\] is not of type 'object'"),
        ({"models": {}}, "models: .*"),
        ({"models": {"../x": "model"}}, "models: .*does not match"),
        ({"dataset": 3}, "dataset: 3 is not of type 'string'"),
        ({"masks": {"train": ["centre:2x2"]}}, "masks: 'score' is a required property"),
        ({"methods": {"x": None}}, "methods.x: None is not of type 'object'"),
        ({"methods": {"x": {"stepz": 4}}}, "method 'x' of the plan: .*stepz unknown"),
        ({"settings": {"zzz": {}}}, "settings of the plan names zzz: use mae"),
        ({"max_images": {"test": 5}}, "max_images: .*'test'"),
        ({"proxy": {"proxi": "data"}}, "proxi unknown"),
        ({"tickets": {"n": "tickets"}}, "tickets of the plan do not exist"),
        ({"policy": "nowhere.yaml"}, "nowhere.yaml"),
        ({"methods": {1: {"name": "original"}}}, "key 1 is not text: put it in quotes"),
        ({"methods": {"x": {"name": "i3i"}}}, "method 'x' of the plan: method 'i3i' unknown"),
        ({"methods": {"x": {"name": "i2i-output", "worst_share": 0.5}}}, "cannot take worst_share"),
        ({"methods": {"x": {"name": "max-loss", "target": "noise"}}}, "cannot take target 'noise'"),
        ({"methods": {"original": {}}}, "method 'original' of the plan is i2i: give it name: orig"),
        ({"settings": {"mae": {"name": "i2i"}}}, "name the method 'i2i': that belongs to methods"),
        ({"quick": {"settings": {"name": "i2i"}}}, "name the method 'i2i'"),
        ({"proxy": {"proxy": 3}}, "proxy.proxy: 3 is not of type 'string'"),
        ({"retrained": {"mae": {"two": "model"}}}, "retrained of the plan names tickets two"),
        ({"retrained": {"mae": {"one": "gone"}}}, "retrained of the plan does not exist: .*gone"),
        ({"retraining": {"mae": {"image_seen": 3}}}, "retraining.mae: .*image_seen"),
        (
            {"retraining": {"mae": {"masks": ["center:2x2"]}}},
            "retraining.mae.masks of the plan: ma",
        ),
        ({"retraining": {"mae": {"masks": []}}}, "retraining.mae.masks: "),
        ({"retraining": {"mae": {"seconds": NAN}}}, "retraining.mae.seconds is nan: use a finite"),
        ({"retraining": {"mae": {"seconds": INF}}}, "retraining.mae.seconds is inf: use a finite"),
        ({"retraining": {"mae": {"seconds": 10**400}}}, "seconds: 1000.* greater than the maximum"),
        ({"methods": {"x": {"alpha": [1.0, NAN]}}}, r"methods.x.alpha\[1\] is nan: use a finite"),
        ({"dataset": "da\0ta"}, r"dataset is 'da\\x00ta': take the character out that no"),
        ({"policy": "\ud800"}, r"not YAML: half a character \('.ud800'\) in line"),
        ({"policy": "\0"}, "policy is .*: take the character out that no"),
        ({"tickets": {"n": "\0"}}, "tickets.n is .*: take the character out that no"),
        ({"proxy": {"proxy": "data", "proxy_split": "test"}}, "proxy_split must be one of train"),
        ({"proxy": {"proxy": "data"}}, "data is the dataset itself: name another"),
        ({"proxy": {"proxy": "./data", "proxy_split": "holdout"}}, "is the dataset's own holdout"),
        ({"proxy": {"retain_limit": 5}}, "proxy of the plan names no dataset: add `proxy:` under"),
        ({"models": {"mae": "tickets"}}, "models of the plan: .*tickets holds no config.json"),
        ({"models": {"mae": "other"}}, "models of the plan: .*other: architecture 'bert' is not"),
        ({"models": {"mae": "bare"}}, "models of the plan: .*bare holds no safetensors weights"),
        ({"retrained": {"mae": {"one": "bare"}}}, "models of the plan: .*bare holds no safeten"),
        ({"tickets": {"n": "bench.yaml"}}, "ticket .*bench.yaml: not JSON: .* at line 1"),
        ({"tickets": {"n": "empty.json"}}, "ticket .*empty.json: .*'regulation' is a required"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(path, change, message):
    with pytest.raises(InputError, match=message):
        changed(path, **change)


def test_retraining_may_name_the_masks_it_was_trained_with(path):
    took = {"images_seen": 9, "seconds": 1.5, "masks": ["centre:2x2", "random:0.5"]}
    assert changed(path, retraining={"mae": took}).retraining == {"mae": took}


def test_a_key_with_nothing_behind_it_counts_as_absent(path):
    blank = ["max_images", "frontier", "requests", "settings", "retrained", "retraining", "quick"]
    other = path.with_name("blank.yaml")
    content = yaml.safe_load(path.read_text()) | dict.fromkeys(blank)
    other.write_text(yaml.safe_dump(content))
    assert read_plan(other) == changed(path, **dict.fromkeys(blank))
    other.write_text(yaml.safe_dump(content | {"quick": {"max_images": None, "models": None}}))
    assert read_plan(other).quick == Quick()
    other.write_text(yaml.safe_dump(content | {"models": None}))
    with pytest.raises(ConfigError, match="lacks models"):
        read_plan(other)


def test_a_retrained_model_of_another_architecture_is_refused(path):
    tiny_vqgan().save(path.parent / "vqgan")
    said = (
        "vqgan is of the architecture EffaceTokenPainter, the model in service .*model of vit_mae"
    )
    with pytest.raises(ConfigError, match=said):
        changed(path, retrained={"mae": {"one": "vqgan"}})
    with pytest.raises(CheckpointError, match="data holds no config.json or model_index.json"):
        changed(path, retrained={"mae": {"one": "data"}})


def test_a_plan_that_is_not_there_or_not_yaml_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not YAML"):
        read_plan(tmp_path / "bad.yaml")
    (tmp_path / "round.yaml").write_text("version: 1\nmodels: &a {x: *a}")
    with pytest.raises(ConfigError, match="nested too deeply, or holds itself"):
        read_plan(tmp_path / "round.yaml")
    (tmp_path / "deep.yaml").write_text("[" * 5000)
    with pytest.raises(ConfigError, match="not YAML"):
        read_plan(tmp_path / "deep.yaml")
