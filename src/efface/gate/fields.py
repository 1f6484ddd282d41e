"""From a YAML mapping to a frozen dataclass: unknown keys, wrong types and NaN are refused."""

import math
from dataclasses import MISSING, fields
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from efface.errors import ConfigError
from efface.shown import shown

T = TypeVar("T")
FILL_IN = "FILL-IN"
"""Marks a value of a template that the user has to replace."""
_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number (0.001, not 1e-3)",
    str: "text",
    NoneType: "null",
}


def build(shape: type[T], given: Any, where: str) -> T:
    """Make a dataclass of what the YAML holds at ``where``.

    Args:
        shape: a keyword-only dataclass; its annotations say what is accepted.
        given: what was parsed from YAML.
        where: path of the mapping in the file, such as ``rules.retain-fid``, for messages.

    Raises:
        ConfigError: unknown or missing keys, values of the wrong type, NaN or infinity.
    """
    mapping = mapping_of(given, where)
    known = {f.name: f for f in fields(shape)}  # type: ignore[arg-type]  # T is a dataclass
    check_keys(mapping, list(known), where)
    required = [
        name
        for name, f in known.items()
        if f.default is MISSING and f.default_factory is MISSING and name not in mapping
    ]
    if required:
        raise ConfigError(f"{where}: {', '.join(required)} missing: add it to the policy")
    hints = get_type_hints(shape)
    for name, value in mapping.items():
        check_value(value, hints[name], f"{where}.{name}")
    return shape(**mapping)


def mapping_of(given: Any, where: str) -> dict[str, Any]:
    """The mapping at ``where``; nothing at all counts as an empty one.

    Raises:
        ConfigError: it is something else.
    """
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise ConfigError(f"{where} is {shown(given)}: write `key: value` lines under it")
    return given


def check_keys(given: dict[str, Any], accepted: list[str], where: str) -> None:
    """Refuse keys that nobody reads.

    Raises:
        ConfigError: naming the unknown keys and the accepted ones.
    """
    if unknown := sorted(given.keys() - set(accepted)):
        raise ConfigError(
            f"{where}: key {', '.join(map(shown, unknown))} unknown: use "
            f"{', '.join(accepted) or 'none'}"
        )


def check_value(value: Any, hint: Any, where: str) -> None:
    """Refuse a value that is not what the annotation says.

    Raises:
        ConfigError: of the wrong type, not finite, or still marked as to be filled in.
    """
    if isinstance(value, str) and FILL_IN in value:
        raise ConfigError(f"{where} is still {shown(value)}: replace it by your own value")
    if get_origin(hint) is list:
        if not isinstance(value, list):
            raise ConfigError(f"{where} is {shown(value)}: use a list such as [a, b]")
        for index, item in enumerate(value):
            check_value(item, get_args(hint)[0], f"{where}[{index}]")
    elif get_origin(hint) is dict:
        for key, item in mapping_of(value, where).items():
            check_value(item, get_args(hint)[1], f"{where}.{key}")
    elif not any(_fits(value, accepted) for accepted in (get_args(hint) or (hint,))):
        words = [_WORDS.get(accepted, str(accepted)) for accepted in (get_args(hint) or (hint,))]
        raise ConfigError(f"{where} is {shown(value)}: use {' or '.join(words)}")


def _fits(value: Any, accepted: Any) -> bool:
    if accepted is float:
        return isinstance(value, int | float) and type(value) is not bool and _is_finite(value)
    return type(value) is accepted


def _is_finite(value: float) -> bool:
    """Whether a number is finite as a float; a whole number may be too large for one."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
