"""The alerts: about metrics that exist, and tried out on made-up histories."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.charts.monitoring.numbers import asked_for, pushed
from tests.charts.rendering import VALUES, named, of_kind, settings

HISTORIES = Path(__file__).with_name("alerts_test.yaml")
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: apt-get install prometheus"
)


def groups():
    return named("PrometheusRule", "efface-rules", *VALUES["everything"])["spec"]


def alerts(*arguments):
    spec = named("PrometheusRule", "efface-rules", *VALUES["everything"], *arguments)["spec"]
    return {rule["alert"]: rule for group in spec["groups"] for rule in group["rules"]}


def test_every_alert_is_about_a_metric_that_is_pushed():
    for name, rule in alerts().items():
        assert asked_for(rule["expr"]), name
        assert asked_for(rule["expr"]) <= pushed()


def test_every_alert_says_what_happened_and_what_to_do():
    for rule in alerts().values():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == rule["annotations"].keys()


@promtool
def test_prometheus_accepts_the_rules(tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(groups()))
    _promtool("check", "rules", str(tmp_path / "rules.yaml"))


@promtool
def test_the_alerts_fire_when_they_should_and_only_then(tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(groups()))
    (tmp_path / "test.yaml").write_text(HISTORIES.read_text().replace("RULES", "rules.yaml"))
    _promtool("test", "rules", str(tmp_path / "test.yaml"))


def test_the_hours_and_days_can_be_chosen():
    given = settings("monitoring.maxRunAgeHours=2", "monitoring.maxOpenDays=1")
    assert alerts(*given)["EffaceNoRun"]["expr"].endswith("> 7200")
    assert "> 86400" in alerts(*given)["EffaceTicketsOpen"]["expr"]


def test_runs_by_hand_need_no_alert_about_their_absence():
    assert "EffaceNoRun" not in alerts(*settings("monitoring.maxRunAgeHours=0"))


KNOWN = ("--api-versions", "monitoring.coreos.com/v1/PrometheusRule")
PUSHED = settings("pushgateway.enabled=true")


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        pytest.param((), 0, id="neither kind nor numbers"),
        pytest.param(KNOWN, 0, id="no numbers"),
        pytest.param(PUSHED, 0, id="kind unknown"),
        pytest.param(KNOWN + PUSHED, 1, id="both"),
        pytest.param(KNOWN + settings("pushgateway.url=http://p"), 1, id="numbers elsewhere"),
        pytest.param(KNOWN + PUSHED + settings("monitoring.rules=never"), 0, id="not wanted"),
        pytest.param(settings("monitoring.rules=always"), 1, id="forced"),
    ],
)
def test_rules_are_made_where_they_are_of_use(arguments, made):
    assert len(of_kind("PrometheusRule", *arguments)) == made


def _promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
