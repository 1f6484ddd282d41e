import pytest
import yaml

from efface.bench.plan import narrowed, read_plan
from efface.errors import CheckpointError, ConfigError, InputError
from tests.bench.tiny_plan import write_plan
from tests.tiny import tiny_vqgan


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_plan(tmp_path_factory.mktemp("plan"))


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
    assert changed(path, proxy={"proxy": "data"}).proxy == {"proxy": plan.dataset}


def test_a_plan_is_narrowed_to_names_that_it_has(path):
    plan = read_plan(path)
    assert narrowed(plan, models=[], tickets=["one"]) == plan
    with pytest.raises(ConfigError, match="no models vae: use mae"):
        narrowed(plan, models=["vae"], tickets=[])


def test_a_dataset_on_s3_stays_where_it_is(path):
    assert changed(path, dataset="s3://bucket/data").dataset == "s3://bucket/data"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "needs `version: 1`"),
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
        ({"methods": {"original": {}}}, "method 'original' of the plan is i2i: give it name: orig"),
        ({"settings": {"mae": {"name": "i2i"}}}, "name the method 'i2i': that belongs to methods"),
        ({"quick": {"settings": {"name": "i2i"}}}, "name the method 'i2i'"),
        ({"proxy": {"proxy": 3}}, "proxy.proxy: 3 is not of type 'string'"),
        ({"retrained": {"mae": {"two": "model"}}}, "retrained of the plan names tickets two"),
        ({"retrained": {"mae": {"one": "gone"}}}, "retrained of the plan does not exist: .*gone"),
        ({"retraining": {"mae": {"image_seen": 3}}}, "retraining.mae: .*image_seen"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(path, change, message):
    with pytest.raises(InputError, match=message):
        changed(path, **change)


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
    (tmp_path / "deep.yaml").write_text("[" * 5000)
    with pytest.raises(ConfigError, match="not YAML"):
        read_plan(tmp_path / "deep.yaml")
