"""A cron expression is checked when the chart is rendered, by the rule of ``efface schedule``."""

import json

import pytest

from efface.cluster.cron import check_cron
from efface.errors import ConfigError
from tests.charts.rendering import named, pod_of, refusal
from tests.charts.schedule.test_job import PLACES


def given(cron):
    return [*PLACES, "--set-json", f"schedule.cron={json.dumps(cron)}"]


@pytest.mark.parametrize(
    "cron",
    ["0 */15 * * * *", "0 0,30 9-17/2 ? jan-JUN MON-FRI", "59 59 23 31 12 6", "08 09 0 1 1 0"],
)
def test_what_the_command_takes_is_taken(cron):
    assert check_cron(cron) == cron
    job = named("Job", "efface-schedule", *given(cron))
    assert f"--cron={cron}" in pod_of(job)["containers"][0]["command"]


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("60 0 2 * * *", "'60' is no second; use 0 to 59"),
        ("0 0 2 0 * *", "'0' is no day of month; use 1 to 31"),
        ("0 0 2 * * 7", "'7' is no day of week; use 0 to 6"),
        ("0 0 2 * mon *", "'mon' is no month; use 1 to 12"),
        ("0 0 17-9 * * *", "'17-9' is no hour"),
        ("0 */0 * * * *", "'*/0' is no minute"),
        ("0 1,, * * * *", "'' is no minute"),
        ("0 0 1-2-3 * * *", "'1-2-3' is no hour"),
    ],
)
def test_what_the_command_would_refuse_is_refused_before_it_runs(cron, told):
    with pytest.raises(ConfigError) as error:
        check_cron(cron)
    assert told in str(error.value)
    assert told.replace("'", '"') in refusal(*given(cron))
