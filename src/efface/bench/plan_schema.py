"""What the values of a plan look like, as a JSON schema; its keys are those of ``Plan``."""

import math
from pathlib import Path
from typing import Any

from efface.data.set_names import SETS
from efface.errors import ConfigError
from efface.shown import shown
from efface.typed import LARGEST

NAME = r"^[\w][\w .,=+-]*$"
"""Names become parts of file names."""
_TEXT = {"type": "string", "minLength": 1}
_SETTINGS = {"type": "object"}
_REQUESTS = {"type": "integer", "minimum": 1}
_AMOUNT = {"type": "number", "minimum": 0, "maximum": LARGEST}


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
                "properties": {"images_seen": _AMOUNT, "seconds": _AMOUNT, "masks": _TEXTS},
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


def check_values(path: Path, given: dict[str, Any]) -> None:
    """Refuse a value, or a key, of another kind than a plan has.

    Args:
        path: of the plan, for messages.
        given: what its YAML says, without the version.

    Raises:
        ConfigError: naming the value, and what is wrong with it.
    """
    from jsonschema import Draft202012Validator

    try:
        _check_plain(given, "")
    except RecursionError:
        raise ConfigError(f"plan {path} is nested too deeply, or holds itself") from None
    except ConfigError as error:
        raise ConfigError(f"plan {path}: {error}") from None
    if wrong := next(Draft202012Validator(SCHEMA).iter_errors(given), None):
        raise ConfigError(f"plan {path}: {wrong.json_path.removeprefix('$.')}: {wrong.message}")


def _check_plain(given: Any, where: str) -> None:
    """Refuse what YAML knows and a schema does not: 1 and yes as keys, .nan, .inf, NUL."""
    if isinstance(given, float) and not math.isfinite(given):
        raise ConfigError(f"{where} is {given}: use a finite number")
    if isinstance(given, str) and "\0" in given:
        raise ConfigError(
            f"{where} is {shown(given)}: take the character out that no path can have"
        )
    if isinstance(given, list):
        for number, value in enumerate(given):
            _check_plain(value, f"{where}[{number}]")
    if isinstance(given, dict):
        for key, value in given.items():
            if not isinstance(key, str):
                raise ConfigError(f"key {shown(key)} is not text: put it in quotes")
            _check_plain(value, f"{where}.{key}".lstrip("."))
