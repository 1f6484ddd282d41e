"""Recipes: all that a score depends on besides the images and the model. Needs no torch."""

import hashlib
import json
from typing import Any

GREY = 0.5
"""Value of visible pixels inside the hole's box, in originals and outputs alike."""
COMMON = {
    "levels": 256,
    "grey": GREY,
    "covariance": "n-1",
    "kid": "polynomial degree 3, all pairs",
    "inception_score": "one split",
}
"""What is the same for all scores of this version."""


def score_recipe(extractor: dict[str, Any], mask: str, region: str, seed: int) -> dict[str, Any]:
    """Recipe of a score: that of its extractor, and what the extractor was shown."""
    return {**extractor, **COMMON, "mask": mask, "region": region, "seed": seed}


def recipe_key(recipe: dict[str, Any]) -> str:
    """Short name of a recipe: its extractor, and a hash of all it says."""
    text = json.dumps(recipe, sort_keys=True)
    return f"{recipe['name']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
