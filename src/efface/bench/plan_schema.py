"""What the values of a plan look like, as a JSON schema; its keys are those of ``Plan``."""

from typing import Any

from efface.data.sets import SETS

NAME = r"^[\w][\w .,=+-]*$"
"""Names become parts of file names."""
_TEXT = {"type": "string", "minLength": 1}
_SETTINGS = {"type": "object"}
_REQUESTS = {"type": "integer", "minimum": 1}
_AMOUNT = {"type": "number", "minimum": 0}


def _named(value: Any, least: int = 0) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": NAME},
        "additionalProperties": value,
        "minProperties": least,
    }


_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_COUNTS = {
    "type": "object",
    "propertyNames": {"enum": list(SETS)},
    "additionalProperties": {"type": "integer", "minimum": 2},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "dataset": _TEXT,
        "policy": _TEXT,
        "masks": {
            "type": "object",
            "properties": {"train": _TEXTS, "score": _TEXTS},
            "required": ["train", "score"],
            "additionalProperties": False,
        },
        "models": _named(_TEXT, 1),
        "tickets": _named(_TEXT, 1),
        "methods": _named(_SETTINGS, 1),
        "frontier": _TEXTS,
        "requests": _REQUESTS,
        "settings": _named(_SETTINGS),
        "retrained": _named(_named(_TEXT)),
        "retraining": _named(
            {
                "type": "object",
                "properties": {"images_seen": _AMOUNT, "seconds": _AMOUNT},
                "additionalProperties": False,
            }
        ),
        "proxy": {"type": "object", "properties": {"proxy": _TEXT}},
        "max_images": _COUNTS,
        "quick": {
            "type": "object",
            "properties": {
                "models": {"type": "array", "items": _TEXT},
                "tickets": {"type": "array", "items": _TEXT},
                "methods": {"type": "array", "items": _TEXT},
                "frontier": _TEXTS,
                "requests": _REQUESTS,
                "settings": _SETTINGS,
                "max_images": _COUNTS,
            },
        },
    },
}
