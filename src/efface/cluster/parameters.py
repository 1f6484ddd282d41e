"""The parameters of a graph: read from a file, parsed from words, and checked."""

import json
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from efface.cluster.amounts import wrong_amount
from efface.cluster.graph import Graph
from efface.errors import InputError
from efface.files import load_json
from efface.unique_keys import load_yaml


@dataclass(frozen=True)
class Kind:
    """A type of parameter."""

    word: str
    """What a message calls it."""
    fits: Callable[[Any], bool]
    """Whether a value is of this type."""
    to_do: str = ""
    """How it is written on a command line, where that needs to be said."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KINDS: dict[str, Kind] = {
    "STRING": Kind("text (a number in quotes)", lambda value: isinstance(value, str)),
    "NUMBER_INTEGER": Kind("a whole number", lambda v: _is_number(v) and float(v).is_integer()),
    "NUMBER_DOUBLE": Kind("a number", _is_number),
    "BOOLEAN": Kind("true or false", lambda value: isinstance(value, bool)),
    "LIST": Kind(
        "a list",
        lambda value: isinstance(value, list),
        'give a JSON list such as [{"key": "gpu", "operator": "Exists"}]',
    ),
    "STRUCT": Kind(
        "a mapping",
        lambda value: isinstance(value, dict),
        'give a JSON object such as {"pool": "gpu"}',
    ),
}
"""KFP's parameter types."""


LARGEST = 256 * 1024
"""Bytes of one parameter as JSON; Kubernetes keeps all of a run in one object of 1.5 MiB."""
SHOWN = reprlib.Repr()
"""How a wrong value is shown: as it is, but not without end."""
SHOWN.maxstring = SHOWN.maxother = 200
SHOWN.maxlevel = 2


def read_parameters(path: Path) -> dict[str, Any]:
    """Read a YAML file of parameters.

    Raises:
        InputError: the file cannot be read, is no mapping, or has a key twice.
    """
    try:
        content = load_yaml(path.read_text())
    except RecursionError:
        raise InputError(f"parameters {path} cannot be read: nested too deeply") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"parameters {path} cannot be read: {error}") from None
    if content is not None and not isinstance(content, dict):
        raise InputError(f"parameters {path} must be a mapping of name: value, one a line")
    return dict(content or {})


def parse_words(graph: Graph, words: Mapping[str, str]) -> dict[str, Any]:
    """``{"gpus": "2"}`` -> what the graph takes: text stays text, of any other type it is JSON.

    A word that is not of its type stays as it is, for ``check_parameters`` to refuse.

    Raises:
        InputError: a JSON object with a key twice.
    """
    return {name: _parse(graph, name, word) for name, word in words.items()}


def check_parameters(graph: Graph, given: Mapping[str, Any], *, whole: bool = True) -> None:
    """Check that parameters fit a graph.

    Args:
        graph: What takes them.
        given: Name -> value.
        whole: Whether a run gets them: then none that it needs may be missing.

    Raises:
        InputError: one is missing, unknown or of another type; all of them are named.
    """
    known = graph.parameters
    needed = [name for name, facts in known.items() if not facts.get("isOptional")]
    missing = [name for name in needed if whole and given.get(name, "") == ""]
    unknown = sorted(str(name) for name in given if name not in known)
    told = [f"missing: {', '.join(missing)}"] if missing else []
    told += [f"unknown: {', '.join(unknown)}"] if unknown else []
    told += [_misfit(graph, name, value) for name, value in given.items() if name in known]
    if wrong := list(filter(None, told)):
        must = f", of which {', '.join(needed)} must be given" if missing else ""
        raise InputError(
            f"parameters of {graph.name}: {'; '.join(wrong)}; the graph takes "
            f"{', '.join(known)}{must}"
        )


def _parse(graph: Graph, name: str, word: str) -> Any:
    if graph.parameters.get(name, {}).get("parameterType", "STRING") == "STRING":
        return word
    try:
        return load_json(word)
    except (RecursionError, ValueError):
        return word


def _misfit(graph: Graph, name: str, value: Any) -> str:
    """Why a value does not fit its parameter; empty when it does."""
    kind = KINDS[graph.parameters[name]["parameterType"]]
    if kind.fits(value):
        return _unsendable(name, value) or wrong_amount(name, value)
    to_do = f" ({kind.to_do})" if kind.to_do else ""
    return f"{name} must be {kind.word}, got {SHOWN.repr(value)}{to_do}"


def _unsendable(name: str, value: Any) -> str:
    """Why a value cannot go to KFP, which takes JSON; empty when it can."""
    size = 0
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, allow_nan=False).iterencode(value):
            size += len(piece.encode())
            if size > LARGEST:
                return f"{name} must be at most {LARGEST // 1024} KiB as JSON"
    except RecursionError:
        return f"{name} is nested too deeply"
    except (TypeError, ValueError) as error:  # a set, a date, NaN, itself, half a character
        return f"{name} must be something that JSON can say ({error})"
    return ""
