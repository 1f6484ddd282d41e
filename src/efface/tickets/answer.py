"""A run's answer for its tickets: passed or not, and why. Settle goes by it.

The gate gives it. Where no model came to the gate, because the training broke down, unlearn does:
the same settings would break down again, so that is a no, and not a failure to try again.
"""

import json
from collections.abc import Sequence

from efface.storage import Store

ANSWER = "outcome.json"
"""Its name in the run's folder."""
CLAIMED = "claimed.json"
"""Name in the run's folder of the list of tickets that wait for the answer."""


def write_answer(shared: Store, *, passed: bool, reasons: Sequence[str]) -> None:
    """Leave the answer in the run's folder.

    Raises:
        InfrastructureError: it cannot be written.
    """
    content = {"passed": passed, "reasons": list(reasons)}
    shared.write(ANSWER, (json.dumps(content, indent=2) + "\n").encode())


def withdraw_answer(shared: Store) -> None:
    """Remove what an earlier attempt answered."""
    shared.delete(ANSWER)
