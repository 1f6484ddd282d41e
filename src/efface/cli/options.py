"""The options that subcommands share; each help text says what is taken, and the default."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.errors import InputError
from efface.files import load_json

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Handle = Callable[[argparse.Namespace], int]

PATHS = {
    "batch": "folder that intake wrote",
    "sets": "folder that shard wrote",
    "before": "folder of the model in service",
    "after": "folder of the unlearned model",
    "report": "report.json that merge wrote",
    "audit": "audit.json that audit wrote",
    "verdict": "verdict.json that the gate wrote",
    "page": "evidence page that explain wrote, HTML",
}
"""Files and folders that a step reads or writes."""
WORDS = {
    "tickets": "place of the deletion tickets: a folder or s3://bucket/prefix",
    "dataset": "place of the dataset the model was trained on: a folder or s3://bucket/prefix",
    "policy": "path of the policy, YAML, or s3://bucket/prefix/policy.yaml",
    "model": "model in service: models:/NAME@champion, models:/NAME/VERSION, a folder or "
    "s3://bucket/prefix",
    "name": "name of the registered model",
}
"""Words that are handed on as they are."""
SHORT_NUMBER = re.compile(r"-?(\.\d+|\d+\.)")
"""A number that JSON does not know: ``.5``, ``5.``."""


def add_command(commands: "Commands", name: str, handle: Handle, text: str) -> Any:
    """Add a subcommand."""
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(handle=handle)
    return parser


def add_required(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add options of the tables above that must be given."""
    for name in names:
        kind: Callable[[str], Any] = path_word if name in PATHS else some_word
        text = PATHS[name] if name in PATHS else WORDS[name]
        parser.add_argument(f"--{name}", type=kind, required=True, help=f"{text} (required)")


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Add ``--audit``."""
    parser.add_argument(
        "--audit",
        type=path_word,
        help=f"{PATHS['audit']} (default: none; a rule about it then blocks)",
    )


def add_out(parser: argparse.ArgumentParser, text: str) -> None:
    """Add ``--out``."""
    parser.add_argument("--out", type=path_word, required=True, help=f"{text} (required)")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what names a run and the place its steps share."""
    parser.add_argument(
        "--run-id", type=some_word, required=True, help="name of the run (required)"
    )
    parser.add_argument(
        "--workspace",
        type=some_word,
        default="runs/workspace",
        help="place that the steps of a run share: a folder or s3://bucket/prefix "
        "(default: %(default)s)",
    )


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add the address of MLflow."""
    parser.add_argument(
        "--registry",
        help="MLflow tracking address (default: EFFACE_REGISTRY, else MLFLOW_TRACKING_URI, "
        "else SQLite in ~/.config/efface)",
    )


def add_method(parser: argparse.ArgumentParser, *, default: str = "i2i") -> None:
    """Add the unlearning method and its settings; ``default`` is what help names."""
    parser.add_argument(
        "--method",
        type=method_words,
        default={},
        help=f"unlearning method, or JSON with name and settings (default: {default})",
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        type=key_value,
        metavar="KEY=VALUE",
        help="setting of the training, such as steps=200 or preset=published-vqgan; may be "
        "repeated (default: none; docs/command-line.md lists them)",
    )


def add_sharding(parser: argparse.ArgumentParser) -> None:
    """Add how the sets are cut."""
    parser.add_argument(
        "--sharding",
        action="append",
        default=[],
        type=key_value,
        metavar="KEY=VALUE",
        help="how the sets are made, such as neighbours=300 or samples_per_shard=2000; may be "
        "repeated (default: none; docs/command-line.md lists them)",
    )


def some_word(text: str) -> str:
    """A word that is not empty, as that of a variable which is not set would be."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty: give a value, or look at the variable it is of")
    return text


def path_word(text: str) -> Path:
    """A path; the empty one would be the folder that one is in."""
    return Path(some_word(text))


def key_value(text: str) -> tuple[str, Any]:
    """``steps=200`` -> ("steps", 200); the value is JSON or ``.5`` where it can be, else text."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE, such as steps=200")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, float(value) if SHORT_NUMBER.fullmatch(value) else value


def method_words(text: str) -> dict[str, Any]:
    """``max-loss`` -> {"name": "max-loss"}; a JSON object is taken as it is."""
    if not text.startswith("{"):
        return {"name": text}
    try:
        return dict(load_json(text))
    except InputError as error:  # a key given twice
        raise argparse.ArgumentTypeError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None


def method_of(given: argparse.Namespace) -> dict[str, Any]:
    """The method's settings; empty for all defaults."""
    return {**given.method, **dict(given.settings)}


def registry_of(given: argparse.Namespace) -> str:
    """The address of MLflow, from the option or from the environment."""
    from efface.settings import read_settings

    return str(given.registry or read_settings().registry)


def pick(given: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The named options as keyword arguments."""
    return {name: getattr(given, name) for name in names}
