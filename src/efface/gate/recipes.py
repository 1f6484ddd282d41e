"""Whether recipes are those of this policy's extractors, used as this evaluator uses them.

What a report says of an extractor beyond the policy (dimension, size, maybe its name) is in files
that the gate does not read. It is held together by the recipe's own name, which is a hash of it,
and has to be the same wherever these weights are.
"""

import re
from collections.abc import Iterator
from typing import Any

from efface.evaluation.recipe import COMMON, recipe_key
from efface.evaluation.report import Report
from efface.gate.policy import Policy
from efface.metrics.extractor_kinds import FIELDS, TRAITS, name_of


def recipe_problem(
    recipe: dict[str, Any], policy: Policy, *, metric: str, mask: str, region: str
) -> str | None:
    """Why a recipe is not the one of such a score, or None: ``grey 0.4 where 0.5 is asked for``."""
    wanted = {**_of_extractor(policy, metric), **COMMON, "mask": mask, "region": region}
    wanted["seed"] = policy.evaluation.seed
    for name, value in wanted.items():
        if not same(recipe.get(name), value):
            return f"{name} {recipe.get(name)!r} where {value!r} is asked for"
    return _shape_problem(recipe)


def spelling_problems(report: Report) -> Iterator[str]:
    """Recipes that were changed after they were named, that nobody uses, or that disagree."""
    used = {score.recipe for score in report.scores}
    first: dict[str, dict[str, Any]] = {}
    for key, recipe in report.recipes.items():
        if not isinstance(recipe, dict) or not isinstance(recipe.get("name"), str):
            yield f"Recipe {key} is {recipe!r}, which names no extractor."
            continue
        if key not in used:
            yield f"Recipe {key} is that of no score."
        one = first.setdefault(str(recipe.get("weights_sha256")), recipe)
        for name in FIELDS:
            if not same(recipe.get(name), one.get(name)):
                yield (
                    f"Recipe {key} has {name} {recipe.get(name)!r}, another of the same weights "
                    f"{one.get(name)!r}."
                )
        if key != recipe_key(recipe):
            yield (
                f"Recipe {key} is not the one that was named so: a hash of all its fields gives "
                f"{recipe_key(recipe)}."
            )


def same(given: Any, wanted: Any) -> bool:
    """Whether two values from JSON are the same; true is not 1."""
    return type(given) is type(wanted) and bool(given == wanted)


def _of_extractor(policy: Policy, metric: str) -> dict[str, Any]:
    """What the policy's ``KIND:PLACE`` and hash say of an extractor."""
    spec = policy.extractors.get("distance" if metric == "distance" else "fid")
    if spec is None:
        return {"weights_sha256": None}
    kind = spec.uri.partition(":")[0]
    found: dict[str, Any] = {
        "weights_sha256": spec.sha256,
        "configuration_sha256": spec.configuration_sha256,
        "kind": kind,
    }
    if name := name_of(spec.uri):
        found["name"] = name
    if traits := TRAITS.get(kind):
        found["is_clip"] = traits.is_clip
        found |= {"dimension": traits.dimension} if traits.dimension else {}
    return found


def _shape_problem(recipe: dict[str, Any]) -> str | None:
    """Why fields that depend on the weights cannot be those of any, or None."""
    if not isinstance(recipe.get("name"), str) or not recipe["name"]:
        return f"name {recipe.get('name')!r}, which names no extractor"
    dimension, resize = recipe.get("dimension"), recipe.get("resize")
    if type(dimension) is not int or dimension < 1:
        return f"dimension {dimension!r}, which is no length of a feature"
    traits = TRAITS.get(str(recipe.get("kind")))
    size = str(traits.size) if traits and traits.size else r"[1-9]\d*"
    if traits and not re.fullmatch(f"{re.escape(traits.filter)}-{size}", str(resize)):
        return f"resize {resize!r}, which is not {traits.filter}-{traits.size or 'SIZE'}"
    return None
