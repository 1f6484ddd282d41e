"""The parameters of a run: from a file and from the command line, checked against the graph."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from efface.cluster.compiled import Graph
from efface.errors import InputError


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "STRING": ("text (a number in quotes)", lambda value: isinstance(value, str)),
    "NUMBER_INTEGER": ("a whole number", lambda v: _is_number(v) and float(v).is_integer()),
    "NUMBER_DOUBLE": ("a number", _is_number),
    "BOOLEAN": ("true or false", lambda value: isinstance(value, bool)),
    "LIST": ("a list", lambda value: isinstance(value, list)),
    "STRUCT": ("a mapping", lambda value: isinstance(value, dict)),
}
"""KFP's parameter types: how a message names them, and what belongs to them."""


def read_parameters(path: Path) -> dict[str, Any]:
    """Read a YAML file of parameters.

    Raises:
        InputError: the file cannot be read, or is no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"parameters {path} cannot be read: {error}") from None
    if content is not None and not isinstance(content, dict):
        raise InputError(f"parameters {path} must be a mapping of name: value, one a line")
    return dict(content or {})


def parse_words(graph: Graph, words: list[tuple[str, str]]) -> dict[str, Any]:
    """``("gpus", "2")`` -> {"gpus": 2}: text stays text, of any other type it is JSON.

    Raises:
        InputError: a value is not JSON although the parameter needs it.
    """
    kinds = {name: facts["parameterType"] for name, facts in definitions(graph).items()}
    found: dict[str, Any] = {}
    for name, text in words:
        found[name] = text
        if kinds.get(name, "STRING") != "STRING":
            try:
                found[name] = json.loads(text)
            except json.JSONDecodeError:
                word = KINDS[kinds[name]][0]
                raise InputError(f"parameter {name} must be {word} as JSON, got {text}") from None
    return found


def check_parameters(graph: Graph, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters, once they are known to fit the graph.

    Raises:
        InputError: one is missing, unknown or of another type; all of them are named.
    """
    known = definitions(graph)
    needed = [name for name, facts in known.items() if not facts.get("isOptional")]
    missing = [name for name in needed if name not in given]
    unknown = sorted(str(name) for name in given if name not in known)
    told = [f"missing: {', '.join(missing)}"] if missing else []
    told += [f"unknown: {', '.join(unknown)}"] if unknown else []
    for name, value in given.items():
        if name in known:
            word, fits = KINDS[known[name]["parameterType"]]
            told += [] if fits(value) else [f"{name} must be {word}, got {value!r}"]
    if told:
        optional = [name for name in known if name not in needed]
        raise InputError(
            f"parameters of {graph.name}: {'; '.join(told)}. It needs {', '.join(needed)}, and "
            f"takes {', '.join(optional)}: give them with --set NAME=VALUE or in --params FILE"
        )
    return given


def definitions(graph: Graph) -> dict[str, Any]:
    """Name -> what KFP knows of each parameter of the graph."""
    return dict(graph.pipeline["root"].get("inputDefinitions", {}).get("parameters", {}))
