"""How the gate names what it measured; only a CLIP tower gives a CLIP distance."""

from typing import Any

_LABELS = {"fid": "FID", "kid": "KID", "inception_score": "Inception score"}


def display(metric: str, recipe: dict[str, Any]) -> str:
    """Label of a score: ``FID (fashion-classifier)``, ``cosine distance (fashion-tower)``."""
    label = _LABELS.get(metric, metric)
    if metric == "distance":
        label = "CLIP distance" if recipe.get("is_clip") is True else "cosine distance"
    return f"{label} ({recipe.get('name') or 'unnamed extractor'})"


def named(items: list[str], most: int = 5) -> str:
    """A list for a sentence, cut after ``most`` items."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"
