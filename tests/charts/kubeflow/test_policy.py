from tests.charts.rendering import CHART, named, of_kind

POLICY = CHART.parents[1] / "src" / "efface" / "gate" / "default_policy.yaml"


def test_a_policy_arrives_as_it_was_written():
    found = named("ConfigMap", "efface-policy", "--set-file", f"policy={POLICY}")
    assert found["data"] == {"policy.yaml": POLICY.read_text()}


def test_without_a_policy_there_is_no_map():
    assert [one["metadata"]["name"] for one in of_kind("ConfigMap")] == ["efface-settings"]
