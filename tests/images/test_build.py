"""images/build.sh with words that it does not know; nothing is built here."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "images" / "build.sh"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "ENGINE": "true", "PYTHON": "false", **environment}
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, env=given, timeout=30)


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        pytest.param(["cores"], {}, "say core, gpu", id="no such image"),
        pytest.param(["core", "../x"], {}, "no image ../x", id="path"),
        pytest.param(["core"], {"ENGINE": "dockr"}, "ENGINE=dockr is not on PATH", id="engine"),
    ],
)
def test_a_word_that_is_not_known_is_refused_before_the_wheel_is_built(words, environment, told):
    done = run(*words, **environment)
    assert (done.returncode, told in done.stderr) == (2, True)


def test_help_says_what_may_be_set():
    done = run("--help")
    assert done.returncode == 0
    assert "ENGINE=podman" in done.stdout
