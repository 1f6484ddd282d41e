"""The JSON of a model folder: read with care, and which of its settings decide what is painted.

Needs no library of models, so that the gate can say whether two folders hold the same model. What a
library writes about itself and the file (its version, the path it was read from, the precision of
what was stored) decides nothing: efface computes in float32, from where the folder lies.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from efface.errors import CheckpointError, InputError
from efface.files import load_json, sha256_bytes

Reader = Callable[[Path], Any]
"""Path of a file -> what of it decides what is painted."""
Configuration = Mapping[str, Reader]
"""File in a model folder, ``part/file`` for one of a part -> how it is read."""
ABOUT_THE_FILE = {
    "_class_name",
    "_commit_hash",
    "_diffusers_version",
    "_name_or_path",
    "architectures",
    "dtype",
    "name_or_path",
    "tokenizer_file",
    "torch_dtype",
    "transformers_version",
}
"""Settings that say who wrote a file, from what and in which precision."""


ELSEWHERE = {"configuration_files", "transformers_weights"}
"""Keys by which transformers takes settings or weights from other files."""


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        CheckpointError: absent, not JSON, nested too deeply, a key given twice, or no object.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is missing: copy it from the model")
    try:
        found = load_json(path.read_text())
    except (ValueError, RecursionError, InputError) as error:
        raise CheckpointError(f"{path} is not a configuration in JSON: {error}") from None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is not a configuration in JSON: not an object")
    return found


def read_network_config(path: Path) -> dict[str, Any]:
    """The configuration of a network of transformers or diffusers, which has to be in this file.

    Both libraries follow some keys to other files, which a fingerprint does not know.

    Raises:
        CheckpointError: as ``read_object``, or it names another file.
    """
    found = read_object(path)
    if named := sorted(ELSEWHERE & found.keys()):
        raise CheckpointError(
            f"{path}: {named[0]} names other files, which are not read: put the settings and "
            "weights of this model where the layout has them, and remove the key"
        )
    return found


def only(*names: str) -> Reader:
    """A reader of these settings; None for one that is not given."""

    def read(path: Path) -> Any:
        found = read_object(path)
        return {name: _number_alike(found.get(name)) for name in names}

    return read


def all_but(*names: str) -> Reader:
    """A reader of all settings but these, and those about the file."""
    ignored = {*names, *ABOUT_THE_FILE}

    def read(path: Path) -> Any:
        found = read_object(path)
        return {name: _number_alike(found[name]) for name in found if name not in ignored}

    return read


def if_there(reader: Reader) -> Reader:
    """A reader of a file that a folder may lack; None where it does."""
    return lambda path: reader(path) if path.is_file() else None


def hashed(reader: Reader) -> Reader:
    """A reader of the SHA-256 of what another one reads: for a file of very many settings."""
    return lambda path: hash_settings(reader(path))


def hash_settings(settings: Any) -> str:
    """SHA-256 of settings, whatever the order of their names."""
    return sha256_bytes(json.dumps(settings, sort_keys=True).encode())


def read_painting_settings(folder: Path, configuration: Configuration) -> dict[str, Any]:
    """File -> settings of a model folder that decide what is painted.

    Raises:
        CheckpointError: a file is absent or damaged.
    """
    try:
        return {name: reader(folder / name) for name, reader in configuration.items()}
    except RecursionError:
        raise CheckpointError(f"{folder}: its configuration is nested too deeply") from None


def settings_that_differ(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What two results of ``read_painting_settings`` do not share: ``file: setting``, or a file."""
    found = []
    for file in sorted(old.keys() | new.keys()):
        one, other = old.get(file), new.get(file)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [
                f"{file}: {name}" for name in sorted({**one, **other}) if _differ(name, one, other)
            ]
        elif one != other:
            found.append(file)
    return found


def _differ(name: str, *sides: dict[str, Any]) -> bool:
    """Whether a setting is not the same in two files: as JSON, where true is not 1."""
    one, other = (hash_settings([name in side, side.get(name)]) for side in sides)
    return one != other


def _number_alike(value: Any) -> Any:
    """The same, with 1 for 1.0: JSON has one kind of number."""
    if isinstance(value, dict):
        return {key: _number_alike(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_number_alike(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
