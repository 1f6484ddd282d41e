"""The REST API of Kubeflow Pipelines, as far as the test asks beside ``efface``."""

import json
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

RUNS = "/apis/v2beta1/runs"
RECURRING = "/apis/v2beta1/recurringruns"


def recurring_runs(host: str, name: str) -> list[dict[str, Any]]:
    """The recurring runs of a name."""
    found = ask(host, f"{RECURRING}?page_size=200").get("recurringRuns") or []
    return [run for run in found if run.get("display_name") == name]


def delete_recurring_run(host: str, run: dict[str, Any]) -> None:
    """Delete a recurring run."""
    ask(host, f"{RECURRING}/{run['recurring_run_id']}", method="DELETE")


def terminate(host: str, run_id: str) -> None:
    """End a run on the cluster."""
    ask(host, f"{RUNS}/{run_id}:terminate", method="POST")


def ask(host: str, path: str, *, method: str = "GET") -> dict[str, Any]:
    """An answer of the API.

    Raises:
        AssertionError: KFP refuses, or does not answer.
    """
    request = Request(f"{host.rstrip('/')}{path}", method=method)
    try:
        with urlopen(request, timeout=60) as answer:
            return dict(json.loads(answer.read() or b"{}"))
    except URLError as error:
        detail = error.read().decode(errors="replace") if hasattr(error, "read") else ""
        raise AssertionError(f"KFP at {host}{path}: {error} {detail}") from None
