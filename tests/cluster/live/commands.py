"""Commands of other tools, with a time-out each and what they said when they fail."""

import json
import subprocess
from typing import Any


class CommandError(AssertionError):
    """A command failed or took too long."""


def call(*words: str, given: str | None = None, seconds: float = 60) -> str:
    """Run a command and give what it wrote.

    Args:
        words: The command.
        given: Its standard input.
        seconds: After so long it is ended.

    Raises:
        CommandError: it is not installed, failed, or took too long.
    """
    shown = " ".join(words)
    try:
        done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=seconds)
    except FileNotFoundError:
        raise CommandError(f"{words[0]} is not installed: put it on PATH") from None
    except subprocess.TimeoutExpired:
        raise CommandError(f"{shown}\n  gave no answer within {seconds:.0f} s") from None
    if done.returncode:
        raise CommandError(f"{shown}\n  exit {done.returncode}: {(done.stderr or done.stdout)}")
    return done.stdout


def kubectl(namespace: str, *words: str, given: str | None = None, seconds: float = 60) -> str:
    """Run kubectl in a namespace.

    Raises:
        CommandError: see ``call``.
    """
    return call("kubectl", "--namespace", namespace, *words, given=given, seconds=seconds)


def listed(namespace: str, kind: str, *words: str) -> list[dict[str, Any]]:
    """Objects of a kind.

    Raises:
        CommandError: see ``call``.
    """
    items = json.loads(kubectl(namespace, "get", kind, *words, "--output", "json"))["items"]
    return list(items)
