"""Values of the graph's parameters, from words on a command line to what the graph takes."""

import json
from collections.abc import Mapping
from typing import Any

from efface.cluster.graph import Document, check_parameter
from efface.errors import InputError

KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "STRUCT": (dict, 'a JSON object such as {"pool": "gpu"}'),
    "LIST": (list, 'a JSON list such as [{"key": "gpu", "operator": "Exists"}]'),
    "NUMBER_INTEGER": (int, "a whole number"),
    "NUMBER_DOUBLE": ((int, float), "a number"),
    "BOOLEAN": (bool, "true or false"),
}


def typed_parameters(words: Mapping[str, str], documents: list[Document]) -> dict[str, Any]:
    """Turn the words given for parameters into values of the type that the graph declares.

    Raises:
        InputError: an unknown parameter, or a word that is not of its type.
    """
    return {name: _typed(name, text, documents) for name, text in words.items()}


def _typed(name: str, text: str, documents: list[Document]) -> Any:
    kind = check_parameter(documents, name)["parameterType"]
    if kind == "STRING":
        return text
    wanted, told = KINDS[kind]
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "BOOLEAN"):
        raise InputError(f"parameter {name} is {text!r}: give {told}")
    return value
