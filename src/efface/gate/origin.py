"""How a model says that it was made, held against the report of it and the policy.

Scores are of the finished model, and cannot show which masks it was trained with: forgetting under
held-out masks says nothing of a model that was trained on them. The unlearn step writes that down
beside the weights.
"""

from typing import Any

from efface.errors import ConfigError
from efface.evaluation.report import Report
from efface.files import schema_problem
from efface.gate.policy import Policy
from efface.models.mask_policy import check_held_out

_TEXT = {"type": "string"}
_SIDE = {"type": "integer", "minimum": 1}
_LINEAGE = {
    "base": _TEXT,
    "masks": {"type": "array", "items": _TEXT},
    "grid": {"type": "array", "items": _SIDE, "minItems": 2, "maxItems": 2},
}
SCHEMA: dict[str, Any] = {
    "properties": {
        "fingerprint": _TEXT,
        "lineage": {"type": "object", "properties": _LINEAGE, "required": list(_LINEAGE)},
    },
    "required": ["fingerprint", "lineage"],
}


def origin_problem(record: dict[str, Any], report: Report, policy: Policy) -> str | None:
    """Why a model is not one that the policy's masks can be asked of, as a sentence, or None.

    A model that was saved again as it was names no masks: the rules say that it forgot nothing.

    Args:
        record: ``efface.json`` of the model.
        report: that is about this model.
        policy: its masks count.
    """
    if problem := schema_problem(record, SCHEMA):
        return (
            f"Its efface.json does not say how the model was made ({problem}): unlearn it with "
            "this efface."
        )
    made, masks = record["lineage"], policy.masks
    if record["fingerprint"] != report.after:
        return (
            f"Its efface.json is of the model {record['fingerprint'][:12]}, not of "
            f"{report.after[:12]}: give the folder as the unlearn step wrote it."
        )
    if made["base"] != report.before:
        return (
            f"It was made of the model {made['base'][:12]}, but the report compares it with "
            f"{str(report.before)[:12]}: evaluate it beside the model that it was made of."
        )
    if made["masks"] != masks.train and (made["masks"] or report.after != report.before):
        return (
            f"It was trained with the masks {', '.join(made['masks']) or '(none)'}, but "
            f"masks.train of the policy is {', '.join(masks.train)}: unlearn with this policy."
        )
    rows, columns = made["grid"]
    try:
        check_held_out(made["masks"], masks.held_out, (rows, columns))
    except ConfigError as error:
        return f"The policy does not fit the model: {error}."
    return None
