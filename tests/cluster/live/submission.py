"""``efface submit`` as a process of its own, as a person would run it."""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.live.environment import Environment
from tests.cluster.live.waiting import NotYetError, wait_for

ROOT = Path(__file__).parents[3]
COMPILED = ROOT / "pipelines" / "compiled" / "unlearn.yaml"
RUN_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
TO_BEGIN = 180.0
"""Seconds until KFP has taken a run."""


def words(command: str, environment: Environment, params: Path) -> list[str]:
    """The command line of ``efface submit`` or ``efface schedule``."""
    return [
        *(sys.executable, "-m", "efface.cli", command),
        *("--host", environment.kfp_host, "--namespace", environment.namespace),
        *("--pipeline", str(COMPILED), "--params", str(params)),
        *("--core-image", environment.core_image, "--gpu-image", environment.gpu_image),
        *("--pull-policy", environment.pull_policy),
    ]


def write_parameters(parameters: Mapping[str, Any], path: Path) -> Path:
    """Write the parameters of a run as YAML."""
    path.write_text(yaml.safe_dump(dict(parameters)))
    return path


class Submission:
    """A run that was submitted and is being followed."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, cwd=ROOT
            )

    @property
    def said(self) -> str:
        """Everything that the command has written."""
        return self._log.read_text()

    def run_id(self) -> str:
        """KFP's id of the run, as soon as the command has printed it.

        Raises:
            TimedOutError: it was not printed in time.
            AssertionError: the command ended without printing it.
        """

        def look() -> str:
            ended = self._process.poll() is not None
            if found := RUN_ID.search(self.said):
                return found[0]
            assert not ended, f"efface submit ended with {self._process.returncode}: {self.said}"
            raise NotYetError(self.said[-500:])

        return wait_for("the id of the run", look, seconds=TO_BEGIN, every=0.5)

    def ends_with(self, seconds: float) -> int:
        """The exit code of the command.

        Raises:
            AssertionError: it did not end in time; it is stopped.
        """
        started = time.monotonic()
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            waited = time.monotonic() - started
            raise AssertionError(
                f"the run did not end within {waited:.0f} s; last lines:\n{self.said[-2000:]}"
            ) from None

    def stop(self) -> None:
        """End the command, if it still runs; the run on the cluster goes on."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)
