"""A run of the pipeline from its submission to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.live.environment import Environment
from tests.cluster.live.kfp import terminate
from tests.cluster.live.submission import Submission, words, write_parameters


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that has ended."""

    run_id: str
    exit_code: int
    said: str
    """What ``efface submit`` printed."""


def begin(environment: Environment, parameters: Mapping[str, Any], folder: Path) -> Submission:
    """Submit a run and follow it in the background, its files in ``folder``."""
    folder.mkdir(parents=True)
    params = write_parameters(parameters, folder / "params.yaml")
    return Submission(words("submit", environment, params), folder / "submit.log")


def finish(submission: Submission, environment: Environment) -> Ended:
    """Wait for the end of a run; one that does not end in time is ended on the cluster too.

    Raises:
        AssertionError: it did not begin or end in time.
    """
    run_id = submission.run_id()
    try:
        exit_code = submission.ends_with(environment.wait)
    except BaseException:
        terminate(environment.kfp_host, run_id)
        raise
    return Ended(run_id=run_id, exit_code=exit_code, said=submission.said)
