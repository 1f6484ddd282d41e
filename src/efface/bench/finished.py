"""A finished model in place of an unlearned one: whether it fits the model in service."""

from pathlib import Path

from efface.errors import ConfigError
from efface.models.checkpoint import load_pair
from efface.models.families import architecture_of


def check_architecture(model: Path, made: Path) -> None:
    """Refuse a finished model of another architecture; reads no weights.

    Raises:
        ConfigError: it is of another one.
        CheckpointError: one of the two is no model folder.
    """
    found = {folder: architecture_of(folder) for folder in (model, made)}
    if found[model] != found[made]:
        raise ConfigError(
            f"finished model {made} is of the architecture {found[made]}, the model in "
            f"service {model} of {found[model]}: give one built like it"
        )


def check_finished(model: Path, made: Path) -> None:
    """Refuse a finished model that does not load, or that is not built like the model in service.

    Raises:
        ConfigError: it is of another architecture.
        CheckpointError: one of the two does not load, or they do not fit each other.
    """
    check_architecture(model, made)
    load_pair(model, made)
