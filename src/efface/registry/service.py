"""Versions and aliases: find the model in service, bring it here, add a version."""

import logging
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.errors import CheckpointError, InputError
from efface.files import whole_folder
from efface.models.checkpoint import fingerprint
from efface.models.stored_tensors import hash_tensors
from efface.registry.connection import connected, is_absent
from efface.registry.packing import checkpoint_in

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

CHAMPION = "champion"
"""Alias of the model in service; moved by `efface model import` and promotion, never by a run."""
CANDIDATE = "candidate"
"""Alias of the newest model that passed the gate."""
WEIGHTS = "weights_fingerprint"
"""Tag of a version: hash of its tensors alone, whatever its settings are."""
LONGEST_NAME = 250
"""Characters of a registered model's name; databases of MLflow keep 256."""
_NOT_IN_AN_ADDRESS = re.compile(r"[/:@?'\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What ends a name in models:/NAME@ALIAS or in MLflow's search, and what no line shows."""


def find_in_service(name_or_uri: str, registry: str) -> str:
    """Look a registered model up, without bringing it here.

    Args:
        name_or_uri: NAME (its champion), models:/NAME@ALIAS or models:/NAME/VERSION.
        registry: MLflow tracking address.

    Returns:
        models:/NAME/VERSION, which never moves.

    Raises:
        InputError: no such model, alias or version.
        InfrastructureError: MLflow does not answer.
    """
    with connected(registry) as client:
        return _address(resolved(client, name_or_uri))


def download_in_service(name_or_uri: str, registry: str, into: Path) -> dict[str, str]:
    """Bring a registered model's folder here, whole or not at all, and check its fingerprint.

    Args:
        name_or_uri: NAME (its champion), models:/NAME@ALIAS or models:/NAME/VERSION.
        registry: MLflow tracking address.
        into: where the model folder goes; replaced when it exists.

    Returns:
        ``version``, ``fingerprint`` and ``uri`` (models:/NAME/VERSION, which never moves).

    Raises:
        InputError: no such model, alias or version.
        CheckpointError: its files are not those that were registered.
        InfrastructureError: MLflow does not answer.
    """
    with connected(registry) as client:
        import mlflow

        found = resolved(client, name_or_uri)
        uri = _address(found)
        into.parent.mkdir(parents=True, exist_ok=True)
        # Beside its target: what a kill leaves behind is deleted with the run's folder.
        with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}.") as temporary:
            local = mlflow.artifacts.download_artifacts(uri, dst_path=temporary)
            with whole_folder(into) as target:
                shutil.copytree(checkpoint_in(Path(local)), target, dirs_exist_ok=True)
                got = fingerprint(target)
                _check_tag(uri, found.tags, target, got)
    logger.info("event=model_downloaded uri=%s fingerprint=%s", uri, got)
    return {"version": str(found.version), "fingerprint": got, "uri": uri}


def _address(version: Any) -> str:
    return f"models:/{version.name}/{version.version}"


def _check_tag(uri: str, tags: dict[str, str], folder: Path, got: str) -> None:
    """Refuse files that are not those a version was registered with.

    The fingerprint of a version without the tag of its weights covered nothing else.
    """
    got = got if WEIGHTS in tags else hash_tensors(folder)
    wanted = tags.get("model_fingerprint", got)
    if got != wanted:
        raise CheckpointError(
            f"{uri}: its files have fingerprint {got[:12]}, its tag says "
            f"{wanted[:12]}: the stored model was changed; restore it"
        )


def resolved(client: "MlflowClient", name_or_uri: str) -> Any:
    """The model version that a name, an alias or a version number stands for.

    Raises:
        InputError: there is none.
    """
    from mlflow.exceptions import MlflowException

    text = name_or_uri.removeprefix("models:/")
    try:
        if "@" in text:
            name, _, alias = text.rpartition("@")
            return client.get_model_version_by_alias(name, alias)
        if "/" in text:
            name, _, version = text.rpartition("/")
            return client.get_model_version(name, version)
        return client.get_model_version_by_alias(text, CHAMPION)
    except MlflowException as error:
        if not is_absent(error):
            raise
        raise InputError(
            f"model {name_or_uri!r} is not in the registry: use NAME, models:/NAME@{CHAMPION} or "
            "models:/NAME/3; register your first version with `efface model import`"
        ) from None


def champion(client: "MlflowClient", name: str) -> Any | None:
    """The version in service, None when there is none yet."""
    try:
        return resolved(client, f"models:/{name}@{CHAMPION}")
    except InputError:
        return None


def has_weights(version: Any, weights: str) -> bool:
    """Whether a version has these tensors, whatever its settings are."""
    return bool(version.tags.get(WEIGHTS, version.tags.get("model_fingerprint")) == weights)


def find_version(client: "MlflowClient", name: str, **wanted: str) -> Any | None:
    """The newest version whose tags equal all of ``wanted``; None when there is none."""
    return next(
        (
            version
            for version in versions(client, name)
            if all(version.tags.get(key) == value for key, value in wanted.items())
        ),
        None,
    )


def versions(client: "MlflowClient", name: str) -> list[Any]:
    """All versions of a registered model, the newest first; none of one that is not there."""
    from mlflow.exceptions import MlflowException

    try:
        found = client.search_model_versions(f"name = '{name}'")
    except MlflowException as error:
        if is_absent(error):
            return []
        raise
    return sorted(found, key=lambda version: int(version.version), reverse=True)


def check_model_name(name: str) -> None:
    """Refuse a name that no registry can store, or nobody could ask for, before it is asked.

    Raises:
        InputError: empty, longer than ``LONGEST_NAME``, not text that can be written, or not to be
            found under models:/NAME@ALIAS and models:/NAME/VERSION.
    """
    told = name.encode(errors="replace").decode()
    addressable = name == name.strip() and not _NOT_IN_AN_ADDRESS.search(name)
    if told != name or not addressable or not 0 < len(name) <= LONGEST_NAME:
        raise InputError(
            f"model name {told[:80]!r} ({len(name)} characters) cannot be registered: use 1 to "
            f"{LONGEST_NAME} letters, digits, - and _"
        )


def add_version(
    client: "MlflowClient",
    name: str,
    *,
    model_id: str,
    mlflow_run_id: str,
    tags: dict[str, str],
    description: str,
) -> str:
    """Make a logged model a version of a registered model and give its number.

    Raises:
        InputError: the name is not one that MLflow takes.
    """
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code == "INVALID_PARAMETER_VALUE":
            raise InputError(
                f"model name {name!r} refused by MLflow: use letters, digits, - and _"
            ) from None
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        name,
        source=f"models:/{model_id}",
        run_id=mlflow_run_id,
        tags=tags,
        description=description,
        model_id=model_id,
    )
    return str(made.version)
