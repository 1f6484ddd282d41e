import pytest

from tests.charts.rendering import CHART, named, of_kind, refusal

POLICY = CHART.parents[1] / "src" / "efface" / "gate" / "default_policy.yaml"


def test_a_policy_arrives_as_it_was_written():
    found = named("ConfigMap", "efface-policy", "--set-file", f"policy={POLICY}")
    assert found["data"] == {"policy.yaml": POLICY.read_text()}


def test_without_a_policy_there_is_no_map():
    assert [one["metadata"]["name"] for one in of_kind("ConfigMap")] == ["efface-settings"]


@pytest.mark.parametrize("content", ["- a list", "only words", "rules: [cut off"])
def test_a_policy_that_is_no_mapping_is_refused_before_anything_is_applied(tmp_path, content):
    (tmp_path / "policy.yaml").write_text(content)
    said = refusal("--set-file", f"policy={tmp_path / 'policy.yaml'}")
    assert "policy is no YAML mapping: give --set-file policy=FILE" in said
