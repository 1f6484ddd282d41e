"""The policy that a plan's cells are run with: that of the plan with its masks, as a file."""

from pathlib import Path

import yaml

from efface.bench.keys import key
from efface.bench.view import View
from efface.files import write_bytes
from efface.gate.reading import folder_of, policy_bytes
from efface.gate.rules import NEEDED_ATTACKS
from efface.metrics.extractors.loading import absolute_uri
from efface.unique_keys import load_yaml

UNASKED = ("held-out-masks", *NEEDED_ATTACKS)
"""Rules for which nothing is measured here."""


def write_policy(view: View, folder: Path, score: tuple[str, ...], seed: int | None) -> Path:
    """Write the policy under a hash of what it says; held-out masks and attacks are left out.

    Args:
        view: of the plan.
        folder: for policies.
        score: masks to score; empty: the plan's.
        seed: of the evaluation; None: the policy's.
    """
    text = _text(view, score, seed)
    path = folder / f"{key(text)}.yaml"
    if not path.is_file() or path.read_text() != text:  # another process may be reading it
        write_bytes(path, text.encode())
    return path


def _text(view: View, score: tuple[str, ...], seed: int | None) -> str:
    place, masks = view.plan.policy, view.plan.masks
    content = load_yaml(policy_bytes(place))
    content["masks"] = {"train": masks["train"], "score": list(score) or masks["score"]}
    content["evaluation"] = evaluation = content.get("evaluation") or {}
    evaluation["max_images"] = view.max_images or evaluation.get("max_images") or {}
    for extractor in content["extractors"].values():
        extractor["uri"] = absolute_uri(extractor["uri"], folder_of(place))
    if seed is not None:
        evaluation["seed"] = seed
    content.pop("audit", None)
    for rule in UNASKED:
        content["rules"].pop(rule, None)
    return str(yaml.safe_dump(content))
