"""Values a user gave, as the type of the default they replace."""

from typing import Any

from efface.errors import ConfigError
from efface.shown import shown

LARGEST = 10**15
"""A larger whole number is no exact float, and may be none at all."""
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def typed(name: str, value: Any, default: Any) -> Any:
    """The value as the type of ``default``; a float that is whole is a whole number.

    JSON passed through Kubeflow Pipelines turns every number into a float.

    Raises:
        ConfigError: another type, or a whole number too large to be a float.
    """
    if type(default) is float and type(value) is int:
        need(abs(value) <= LARGEST, name, f"at most {LARGEST}", value)
        value = float(value)
    if type(default) is int and type(value) is float and value.is_integer():
        value = int(value)
    need(type(value) is type(default), name, KINDS[type(default)], value)
    return value


def is_version(found: Any, version: int) -> bool:
    """Whether a document's version is this one; in Python ``true`` and 1.0 equal 1 as well."""
    return type(found) is int and found == version


def need(true: bool, name: str, accepted: str, given: Any) -> None:
    """Refuse a value unless something is true of it.

    Raises:
        ConfigError: it is not.
    """
    if not true:
        raise ConfigError(f"{name} must be {accepted}, got {shown(given)}")
