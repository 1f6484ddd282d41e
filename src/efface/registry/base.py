"""Import a model of your own as the version in service."""

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface import __version__
from efface.models.checkpoint import load_model, save_model
from efface.models.stored_tensors import hash_tensors
from efface.models.usable import check_usable
from efface.registry.connection import connected
from efface.registry.packing import log_painter
from efface.registry.runs import mlflow_run, record
from efface.registry.service import (
    CHAMPION,
    WEIGHTS,
    add_version,
    champion,
    check_model_name,
    find_version,
    has_weights,
    versions,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def import_base(folder: Path, *, name: str, registry: str, mask: str = "") -> dict[str, str | bool]:
    """Register a model folder of transformers or diffusers as the version in service.

    The same model makes no second version, and the same weights do not take the alias back from a
    version of others, whatever their settings: importing the original once more must not bring back
    what was deleted from it. Weights of other formats than safetensors are written anew as such.

    Args:
        folder: configuration and weights, in any format that the model's own library reads.
        name: registered model.
        registry: MLflow tracking address.
        mask: what the registered model paints when an image has no NaN pixels and no other mask is
            asked for; empty for a block in the centre, half as high and wide as the image.

    Returns:
        ``version``, ``fingerprint``, ``uri``, ``created`` and ``champion`` (version in service
        afterwards).

    Raises:
        InputError: no registry can store the name.
        CheckpointError: the folder does not load, or paints no numbers.
        InfrastructureError: MLflow does not answer.
    """
    check_model_name(name)
    model = load_model(folder)
    check_usable(model, folder)
    chosen = mask or f"centre:{max(model.grid[0] // 2, 1)}x{max(model.grid[1] // 2, 1)}"
    with tempfile.TemporaryDirectory(prefix="efface-") as scratch, connected(registry) as client:
        copy = Path(scratch) / "model"
        found = save_model(model, copy, {"imported": True})
        hashes = {"model_fingerprint": found, WEIGHTS: hash_tensors(copy)}
        known = find_version(client, name, model_fingerprint=found)
        serving = _stays_in_service(client, name, hashes[WEIGHTS], known)
        if known:
            version = str(known.version)
        else:
            version = _add(client, copy, name=name, registry=registry, mask=chosen, hashes=hashes)
        if serving is None:
            client.set_registered_model_alias(name, CHAMPION, version)
    logger.info(
        "event=base_imported model=%s version=%s created=%s champion=%s",
        *(name, version, not known, serving or version),
    )
    uri = f"models:/{name}/{version}"
    result = {"version": version, "fingerprint": found, "uri": uri}
    return {**result, "created": not known, "champion": serving or version}


def _stays_in_service(
    client: "MlflowClient", name: str, weights: str, known: Any | None
) -> str | None:
    """Number of the version that an import leaves in service; None where it takes its place."""
    serving = champion(client, name)
    if serving is None:
        return None
    seen = any(has_weights(version, weights) for version in versions(client, name))
    left = known or (seen and not has_weights(serving, weights))
    return str(serving.version) if left else None


def _add(
    client: "MlflowClient",
    folder: Path,
    *,
    name: str,
    registry: str,
    mask: str,
    hashes: dict[str, str],
) -> str:
    tags = {"role": "base", **hashes, "efface_version": __version__}
    told = f"import {hashes['model_fingerprint'][:12]}"
    with mlflow_run(client, registry=registry, name=name, run_name=told) as run:
        record(client, run, {}, tags)
        model_id = log_painter(folder, mask=mask, metadata=hashes)
        return add_version(
            client,
            name,
            model_id=model_id,
            mlflow_run_id=run,
            tags=tags,
            description="Imported as it is; nothing was unlearned.",
        )
