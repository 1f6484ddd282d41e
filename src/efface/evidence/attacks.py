"""The audit as tables of the evidence page; pure."""

from dataclasses import dataclass
from typing import Any

from efface.audit.record import Audit, Finding
from efface.evidence.titles import number, signed, whole

TITLES = {
    "mask-sweep": "Other queries",
    "encoder-swap": "The original encoder put back",
    "membership": "Was it in the training data?",
    "detector": "Does the output betray a deletion?",
    "embedding-probe": "A decoder of the attacker's own",
    "relearning": "Relearning",
}
MEANING = {
    "mask-sweep": "Rise of the forget distance where the query is not one that unlearning was "
    "trained on. Every rise should be clear.",
    "encoder-swap": "How far the forget distance is above that before. With the original encoder "
    "everything comes back: the promise is about the model that is served, and the original "
    "weights belong under lock and key.",
    "membership": "Hide a part, let the model paint it, compare. Members are told from images that "
    "the model never saw; an AUC of 0.5 is guessing, far below it gives a member away as well.",
    "detector": "A classifier on the output tells forgotten images from ones never seen; an AUC of "
    "0.5 means that a deletion looks like never having been there.",
    "embedding-probe": "Squared error on images never seen minus that on forgotten ones, of a "
    "decoder trained on what the encoder gives; above 0 the features still hold something.",
    "relearning": "Optimiser steps until the forgotten images are back, against steps until images "
    "never seen are learned as well. Forgotten ones should not be quicker.",
}


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One number of an attack."""

    case: str
    value: str
    interval: str
    unit: str
    n: str
    note: str


@dataclass(frozen=True, kw_only=True)
class AttackTable:
    """One attack."""

    title: str
    meaning: str
    rows: list[FindingRow]
    recipe: dict[str, Any]


def attack_tables(audit: Audit) -> list[AttackTable]:
    """One table for each attack that was run."""
    return [
        AttackTable(
            title=TITLES[result.attack],
            meaning=MEANING[result.attack],
            rows=[_row(finding) for finding in result.findings],
            recipe={key: _plain(value) for key, value in result.recipe.items()},
        )
        for result in audit.results
    ]


def _row(finding: Finding) -> FindingRow:
    shown = signed if finding.unit in ("1 - cosine", "squared error") else number
    interval = ""
    if finding.low is not None and finding.high is not None:
        interval = f"{number(finding.low)} to {number(finding.high)}"
    value = shown(finding.value)
    return FindingRow(
        case=finding.case,
        value=f"≥ {value}" if finding.at_least else value,
        interval=interval,
        unit=finding.unit,
        n=whole(finding.n),
        note=finding.note,
    )


def _plain(value: Any) -> Any:
    """Lists and mappings of a recipe as a reader writes them."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
