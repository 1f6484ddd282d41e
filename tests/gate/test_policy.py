"""Reading a policy: what is not understood is refused, with words that say what is accepted."""

import os
import sys
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import yaml

from efface.errors import ConfigError
from efface.files import sha256_file
from efface.gate.reading import read_policy
from efface.gate.rules import MAIN_RULES, RULES
from efface.storage import open_store

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion"
GONE = object()


def example() -> dict[str, Any]:
    return yaml.safe_load((EXAMPLE / "policy.yaml").read_text())


def written(tmp_path, *path: str, value: Any = GONE) -> Path:
    """The demo policy with the value at ``path`` replaced, or removed."""
    content = example()
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    if value is GONE:
        del part[path[-1]]
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_policy(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_policy_in_a_bucket_is_the_same_policy(bucket):
    open_store(bucket).upload(EXAMPLE / "policy.yaml", "rules/policy.yaml")
    found = read_policy(f"{bucket}/rules/policy.yaml")
    assert found.sha256 == sha256_file(EXAMPLE / "policy.yaml")
    assert found.folder == f"{bucket}/rules"


@pytest.mark.parametrize("name", ["rules/absent.yaml", ""])
def test_a_policy_that_a_bucket_lacks_is_refused(bucket, name):
    with pytest.raises(ConfigError, match="policy s3://"):
        read_policy(f"{bucket}/{name}")


def test_the_demo_policy_is_accepted_and_hashed():
    found = read_policy(EXAMPLE / "policy.yaml")
    assert found.name == "fashion-demo"
    assert found.sha256 == sha256_file(EXAMPLE / "policy.yaml")
    assert found.folder == str(EXAMPLE)
    assert set(MAIN_RULES) <= set(found.rules)


@pytest.mark.parametrize("kind", ["distance", "fid"])
def test_the_demo_policy_pins_the_extractors_that_lie_beside_it(kind):
    spec = read_policy(EXAMPLE / "policy.yaml").extractors[kind]
    weights = EXAMPLE / spec.uri.partition(":")[2] / "model.safetensors"
    assert sha256_file(weights) == spec.sha256


def test_reading_a_policy_needs_no_torch():
    code = (
        "import sys; from efface.gate.reading import read_policy; import efface.steps.gate;"
        f"read_policy({str(EXAMPLE / 'policy.yaml')!r}); sys.exit('torch' in sys.modules)"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "{}", "null", "[]"])
def test_an_empty_policy_is_refused(tmp_path, content):
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    assert "is empty: write the keys version, name, extractors" in refusal(file)


@pytest.mark.parametrize("content", ["rules: [", "a: b: c", "\x00", "- 1\n- 2\n", "just words"])
def test_what_is_not_a_mapping_is_refused(tmp_path, content):
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    refusal(file)


def test_an_absent_policy_is_refused(tmp_path):
    assert "cannot be read (No such file or directory)" in refusal(tmp_path / "absent.yaml")


def test_bytes_that_are_not_text_are_refused(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_bytes(b"\xff\xfe\xfa\x00version: 1")
    refusal(file)


def test_python_objects_in_yaml_are_not_built(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("version: !!python/object/apply:os.getcwd []")
    assert "is not YAML" in refusal(file)


def test_a_key_given_twice_is_refused_instead_of_one_of_them_being_chosen(tmp_path):
    file = tmp_path / "policy.yaml"
    text = (EXAMPLE / "policy.yaml").read_text()
    file.write_text(text.replace("relative: 0.05", "relative: 0.05\n    relative: 5.0"))
    assert "key relative given twice, in line" in refusal(file)


@pytest.mark.parametrize("path", [("evaluation",), ("evaluation", "max_images"), ("privacy",)])
def test_a_mapping_with_nothing_under_its_key_takes_its_default(tmp_path, path):
    blank = read_policy(written(tmp_path, *path, value=None))
    absent = read_policy(written(tmp_path, *path))
    assert replace(blank, sha256="") == replace(absent, sha256="")


def test_a_whole_number_that_no_float_is_as_large_as_is_refused(tmp_path):
    file = written(tmp_path, "rules", "retain-fid", "absolute", value=10**400)
    assert "use a finite number" in refusal(file)


@pytest.mark.parametrize("version", [0, 2, "1", 1.0, True, None, GONE])
def test_another_version_is_refused(tmp_path, version):
    found = refusal(written(tmp_path, "version", value=version))
    assert "this efface reads version 1" in found


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        (("rulez",), "use version, name, extractors"),
        (("extractors", "clip"), "use distance, fid"),
        (("extractors", "fid", "sha"), "use uri, sha256"),
        (("masks", "heldout"), "use train, score, held_out"),
        (("evaluation", "images"), "use seed, max_images"),
        (
            ("evaluation", "max_images", "test"),
            "use forget, forget-holdout, retain, neighbours, control, holdout",
        ),
        (("privacy", "pictures"), "use forget_pictures"),
        (("rules", "retain-FID"), "use forget-distance-rises, retain-fid"),
        (("rules", "retain-fid", "max"), "use relative, absolute"),
        (("rules", "hygiene", "allow"), "use report_only"),
        (("rules", "retain-fid", "report_only"), "this rule always blocks"),
        (("rules", "forget-distance-rises", "report_only"), "this rule always blocks"),
        (("rules", "forget-distance-rises", "enabled"), "'enabled' unknown"),
    ],
)
def test_an_unknown_key_is_refused_at_every_level(tmp_path, path, accepted):
    found = refusal(written(tmp_path, *path, value=5))
    assert accepted in found
    assert path[-1] in found


@pytest.mark.parametrize(
    "path",
    [
        ("name",),
        ("extractors",),
        ("extractors", "fid"),
        ("extractors", "distance", "sha256"),
        ("masks",),
        ("masks", "train"),
        ("rules",),
        ("rules", "retain-fid"),
        ("rules", "forget-distance-rises"),
        ("rules", "retain-fid", "relative"),
        ("rules", "forget-distance-rises", "minimum_rise"),
    ],
    ids="/".join,
)
def test_a_missing_key_is_refused(tmp_path, path):
    assert "missing" in refusal(written(tmp_path, *path))


@pytest.mark.parametrize("rule", MAIN_RULES)
def test_a_main_rule_cannot_be_switched_off(tmp_path, rule):
    assert "this rule is always on" in refusal(written(tmp_path, "rules", rule, value=False))


@pytest.mark.parametrize("rule", [name for name in RULES if name not in MAIN_RULES])
def test_a_rule_that_is_not_named_is_off(tmp_path, rule):
    assert rule not in read_policy(written(tmp_path, "rules", rule)).rules


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**400, "0.05", "1e-2", None, True, [0.05], {"value": 0.05}],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize(
    "path", [("retain-fid", "relative"), ("forget-distance-rises", "minimum_rise")], ids="/".join
)
def test_a_threshold_that_is_not_a_finite_number_is_refused(tmp_path, path, value):
    assert "use a finite number" in refusal(written(tmp_path, "rules", *path, value=value))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("retain-fid", "relative"), -0.1, "relative is -0.1: use 0 or more"),
        (("retain-fid", "relative"), 1.0e30, "relative is 1e+30: use 1000 or less"),
        (("retain-fid", "absolute"), 0, "absolute is 0: use a value above 0"),
        (("retain-fid", "set"), "forget", "use one of retain, neighbours, control, holdout"),
        (("retain-fid", "bound"), "lower", "use one of upper, estimate"),
        (("retain-fid", "confidence"), 0.5, "use 0.9 or more and below 1"),
        (("retain-fid", "minimum_images"), 1, "use 2 or more"),
        (("retain-fid", "minimum_images"), 2.5, "use a whole number"),
        (("retain-fid", "regions"), [], "use [hole], [full] or [hole, full]"),
        (("retain-fid", "regions"), ["crop"], "use [hole], [full] or [hole, full]"),
        (("retain-fid", "regions"), "hole", "use a list such as"),
        (("forget-distance-rises", "minimum_rise"), 0, "use a value above 0"),
        (("forget-distance-rises", "confidence"), 1, "below 1"),
        (("forget-distance-rises", "minimum_images"), 1, "use 2 or more"),
        (("forget-distance-rises", "minimum_subjects"), 1, "use 2 or more"),
        (("forget-distance-rises", "small_subjects"), "skip", "use one of block, pooled"),
        (("forget-distance-rises", "minimum_rise"), 1e30, "above 0 and below 2, where 1 - cosine"),
        (("forget-distance-rises", "minimum_rise"), 2, "above 0 and below 2, where 1 - cosine"),
        (("held-out-masks", "minimum_rise"), -1.0, "use a value above 0"),
        (("held-out-masks", "minimum_rise"), 1e30, "above 0 and below 2, where 1 - cosine"),
        (("retain-distance", "margin"), 1e30, "use a value above 0, up to 2"),
        (("neighbours-distance", "margin"), 2.1, "use a value above 0, up to 2"),
        (("retain-distance", "margin"), 0, "use a value above 0"),
        (("retain-distance", "set"), "control", "use one of holdout, retain"),
        (("neighbours-distance", "report_only"), "yes", "use true or false"),
        (("sample-counts", "minimum"), {}, "name sets among"),
        (("sample-counts", "minimum"), {"test": 5}, "name sets among"),
        (("sample-counts", "minimum"), {"forget": 0}, "use 1 or more"),
        (("sample-counts", "minimum"), 5, "write `key: value` lines"),
    ],
    ids=str,
)
def test_a_setting_that_would_ask_for_nothing_or_the_impossible_is_refused(
    tmp_path, path, value, words
):
    found = refusal(written(tmp_path, "rules", *path, value=value))
    assert words in found
    assert f"rules.{path[0]}" in found


@pytest.mark.parametrize("mask", ["center:4x4", "centre:0x4", "random:1.5", "random:", "", 4])
@pytest.mark.parametrize("kind", ["train", "score", "held_out"])
def test_a_mask_that_is_none_is_refused(tmp_path, kind, mask):
    refusal(written(tmp_path, "masks", kind, value=[mask]))


@pytest.mark.parametrize(
    ("held_out", "train"),
    [
        ("centre:4x4", "centre:4x4"),
        ("random:0.5", "random:0.25-0.75"),
        ("random:0.7-0.9", "random:0.25-0.75"),
        ("random:0.50", "random:0.5"),
    ],
)
def test_a_held_out_mask_that_is_trained_on_is_refused(tmp_path, held_out, train):
    content = example()
    content["masks"].update(train=[train], held_out=["outpaint:6x6", held_out])
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(content))
    assert f"masks.held_out holds {held_out!r}" in refusal(file)


@pytest.mark.parametrize("held_out", ["outpaint:4x4", "centre:2x2", "random:0.8-0.9"])
def test_a_held_out_mask_that_is_not_trained_on_is_accepted(tmp_path, held_out):
    found = read_policy(written(tmp_path, "masks", "held_out", value=[held_out]))
    assert found.masks.held_out == [held_out]


def test_text_that_cannot_be_written_down_later_is_refused(tmp_path):
    file = written(tmp_path, "name", value="ti\ud800ny")
    assert "half a character ('\\ud800') in line" in refusal(file)


def test_a_long_value_in_the_place_of_another_is_not_told_whole(tmp_path):
    assert len(refusal(written(tmp_path, "name", value=[["x"] * 100] * 100))) < 1500


@pytest.mark.parametrize(("kind", "words"), [("train", "at least one"), ("score", "at least one")])
def test_no_mask_to_train_or_to_score_is_refused(tmp_path, kind, words):
    assert words in refusal(written(tmp_path, "masks", kind, value=[]))


def test_the_rule_on_held_out_masks_without_such_masks_is_refused(tmp_path):
    found = refusal(written(tmp_path, "masks", "held_out", value=[]))
    assert "rules.held-out-masks is on but masks.held_out is empty" in found


def test_a_mask_named_twice_is_refused(tmp_path):
    twice = ["centre:4x4", "centre:4x4"]
    assert "names a mask twice" in refusal(written(tmp_path, "masks", "score", value=twice))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("extractors", "fid", "uri"), "extractors/classifier"),
        (("extractors", "fid", "uri"), "small-cnn:"),
        (("extractors", "fid", "sha256"), "12a20c"),
        (("extractors", "fid", "sha256"), "G" * 64),
        (("extractors", "fid", "sha256"), 5),
        (("extractors", "fid", "configuration_sha256"), "12a20c"),
        (("extractors", "fid", "configuration_sha256"), ""),
        (("evaluation", "seed"), -1),
        (("evaluation", "seed"), 2**63),
        (("evaluation", "seed"), 1.5),
        (("evaluation", "max_images", "holdout"), 0),
        (("evaluation", "max_images", "holdout"), "all"),
        (("privacy", "forget_pictures"), "no"),
        (("privacy",), "forget_pictures"),
        (("name",), ""),
        (("name",), 7),
        (("rules", "hygiene"), [1]),
        (("rules",), ["hygiene"]),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_form_is_refused_and_named(tmp_path, path, value):
    assert ".".join(path) in refusal(written(tmp_path, *path, value=value))


# -- the default policy ----------------------------------------------------------------------------

DEFAULT = resources.files("efface.gate") / "default_policy.yaml"


def test_the_default_policy_is_refused_until_it_is_filled_in():
    with resources.as_file(DEFAULT) as path:
        found = refusal(path)
    assert "extractors.distance.uri is still 'open-clip:ViT-H-14:FILL-IN" in found
    assert "replace it by your own value" in found


def test_the_default_policy_is_accepted_once_it_is_filled_in(tmp_path):
    text = DEFAULT.read_text().replace("FILL-IN: sha256sum of the weights file", "0" * 64)
    file = tmp_path / "policy.yaml"
    file.write_text(text.replace("FILL-IN", "/models"))
    assert set(read_policy(file).rules) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_default_policy_spells_out_every_setting_of(rule):
    spelled = yaml.safe_load(DEFAULT.read_text())["rules"][rule]
    assert set(spelled) == {field.name for field in fields(RULES[rule].settings)}


def test_a_pipe_is_no_policy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.yaml")
    with pytest.raises(ConfigError, match=r"policy .*policy\.yaml is a pipe or a device"):
        read_policy(tmp_path / "policy.yaml")
