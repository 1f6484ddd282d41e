"""The chart as Helm renders it; what was rendered once is kept for the other tests."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.charts.helm import helm

CHART = Path(__file__).parents[2] / "charts" / "efface"
VALUES = {
    "minimal": ("-f", str(CHART / "ci" / "minimal-values.yaml")),
    "default": (),
    "everything": ("-f", str(CHART / "ci" / "everything-values.yaml")),
}
"""The three ways in which the whole chart is looked at."""
Object = dict[str, Any]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Helm, without the settings of who runs the tests."""
    own = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, env=own)


@cache
def text(*arguments: str) -> str:
    """The manifest of release efface in namespace efface."""
    done = run("template", "efface", str(CHART), "--namespace", "efface", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def objects(*arguments: str) -> list[Object]:
    """Every object of the manifest; shared, so nobody changes them."""
    return [one for one in yaml.load_all(text(*arguments), Loader=yaml.CSafeLoader) if one]


def refusal(*arguments: str) -> str:
    """What Helm says when it refuses the values."""
    done = run("template", "efface", str(CHART), "--namespace", "efface", *arguments)
    assert done.returncode != 0, "Helm accepted the values"
    return done.stderr


def settings(*pairs: str) -> tuple[str, ...]:
    """Arguments that set values, such as ``mlflow.enabled=true``."""
    return tuple(word for pair in pairs for word in ("--set", pair))


def named(kind: str, name: str, *arguments: str) -> Object:
    """The one object of a kind and name."""
    (found,) = (o for o in of_kind(kind, *arguments) if o["metadata"]["name"] == name)
    return found


def of_kind(kind: str, *arguments: str) -> list[Object]:
    """The objects of a kind."""
    return [one for one in objects(*arguments) if one["kind"] == kind]


def pod_of(workload: Object) -> Object:
    """The spec of the pods that a Deployment or Job makes."""
    return dict(workload["spec"]["template"]["spec"])
