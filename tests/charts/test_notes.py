"""What Helm prints at the end: the next commands."""

import re

import pytest

from tests.charts.rendering import CHART, VALUES, run, settings
from tests.charts.schedule.test_job import PLACES


def notes(*arguments):
    place = ("--namespace", "efface", "--dry-run=client")
    done = run("install", "efface", str(CHART), *place, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("\nNOTES:\n")[2]


def test_they_say_how_to_keep_the_key():
    assert "kubectl -n kubeflow get secret efface -o yaml" in notes()


def test_they_say_how_to_make_a_key_that_is_brought():
    said = notes(*VALUES["minimal"])
    assert "kubectl -n kubeflow create secret generic efface --from-literal=subject-key=" in said


def test_they_say_that_there_is_no_registry_while_there_is_none():
    assert "There is no MLflow yet" in notes()
    assert "There is no MLflow yet" not in notes(*settings("mlflow.enabled=true"))


def test_they_say_where_mlflow_is():
    said = notes(*settings("mlflow.enabled=true"))
    assert "kubectl -n efface port-forward service/efface-mlflow 5000" in said


def test_they_say_when_the_run_starts():
    assert 'the recurring run "efface" starts at "0 0 2 * * *"' in notes(*PLACES)


@pytest.mark.parametrize("arguments", [(), PLACES])
def test_they_end_with_commands(arguments):
    last = notes(*arguments).rpartition("Next:")[2]
    assert re.findall(r"^  (\w+)", last, re.MULTILINE)[:2] == ["kubectl", "efface"]
