from typing import Any

import pytest

from efface.tickets.ending import outcome_to_ending


@pytest.mark.parametrize(
    ("outcome", "registered", "state", "verdict"),
    [
        pytest.param({"passed": True}, True, "completed", "passed", id="passed"),
        pytest.param({"passed": True}, False, "pending", "passed", id="not-registered"),
        pytest.param({"passed": False}, False, "blocked", "blocked", id="blocked"),
        pytest.param({"passed": False}, True, "blocked", "blocked", id="blocked-yet-registered"),
        pytest.param({}, True, "blocked", "blocked", id="no-answer"),
        pytest.param({"passed": "yes"}, True, "blocked", "blocked", id="odd-answer"),
        pytest.param(None, False, "pending", "none", id="no-verdict"),
        pytest.param(None, True, "pending", "none", id="registered-without-verdict"),
    ],
)
def test_what_the_steps_left_decides(
    outcome: dict[str, Any] | None, registered: bool, state: str, verdict: str
) -> None:
    ending = outcome_to_ending(outcome, registered=registered)
    assert (ending.state, ending.verdict) == (state, verdict)


def test_a_blocked_run_gives_the_gates_reasons() -> None:
    outcome = {"passed": False, "reasons": ["retain FID rose"]}
    ending = outcome_to_ending(outcome, registered=False)
    assert ending.reasons == ["retain FID rose"]


def test_a_failed_run_says_why() -> None:
    ending = outcome_to_ending(None, registered=False, error="disk full")
    assert "before the gate had answered (disk full)" in ending.reasons[0]
