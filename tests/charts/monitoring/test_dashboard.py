import json
import shutil
import subprocess

import pytest
import yaml

from tests.charts.monitoring.numbers import asked_for, pushed
from tests.charts.rendering import VALUES, named, of_kind, settings


def dashboard():
    found = named("ConfigMap", "efface-dashboard", *VALUES["everything"])
    return json.loads(found["data"]["efface.json"])


def expressions():
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_every_metric_has_a_panel_and_every_panel_a_metric():
    assert {name for text in expressions() for name in asked_for(text)} == pushed()


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: apt-get install prometheus"
)
def test_prometheus_understands_every_panel(tmp_path):
    rules = [{"record": f"panel:{i}", "expr": text} for i, text in enumerate(expressions())]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_do_not_overlap_and_can_be_told_apart():
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(places)


def test_the_source_is_chosen_in_grafana():
    sources = {panel["datasource"]["uid"] for panel in dashboard()["panels"]}
    assert sources == {"${source}"}
    assert [one["name"] for one in dashboard()["templating"]["list"]] == ["source"]


def test_grafana_and_prometheus_find_it_by_labels():
    labels = named("ConfigMap", "efface-dashboard", *VALUES["everything"])["metadata"]["labels"]
    assert labels["grafana_dashboard"] == "1"
    assert labels["release"] == "prometheus"


def test_there_is_none_where_nobody_would_look():
    names = [
        one["metadata"]["name"]
        for one in of_kind("ConfigMap", *settings("pushgateway.enabled=true"))
    ]
    assert names == ["efface-settings"]
