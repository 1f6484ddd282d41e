"""The Job that deletes the recurring run before the release goes."""

import os
import subprocess

import pytest

from tests.charts.rendering import named, of_kind, pod_of, settings
from tests.charts.schedule.test_job import PLACES


def command():
    return pod_of(named("Job", "efface-unschedule", *PLACES))["containers"][0]["command"]


def test_it_runs_before_anything_is_deleted():
    notes = named("Job", "efface-unschedule", *PLACES)["metadata"]["annotations"]
    assert notes["helm.sh/hook"] == "pre-delete"


def test_it_can_be_left_out():
    names = [
        one["metadata"]["name"]
        for one in of_kind("Job", *PLACES, *settings("schedule.deleteOnUninstall=false"))
    ]
    assert names == ["efface-schedule"]


@pytest.mark.parametrize(
    ("ends_with", "as_job"),
    [(0, 0), pytest.param(2, 0, id="there is none"), pytest.param(4, 1, id="KFP is away")],
)
def test_only_an_api_that_fails_stops_the_uninstallation(tmp_path, ends_with, as_job):
    stand_in = tmp_path / "efface"
    stand_in.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/given\nexit {ends_with}\n')
    stand_in.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert subprocess.run(command(), env={"PATH": path}).returncode == as_job
    assert (tmp_path / "given").read_text() == "schedule --delete efface\n"
