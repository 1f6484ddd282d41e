"""Import a model of your own as the version in service."""

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from efface import __version__
from efface.models.checkpoint import load_model, save_model
from efface.registry.connection import connected
from efface.registry.packing import log_painter
from efface.registry.runs import mlflow_run, record
from efface.registry.service import CHAMPION, add_version, champion, find_version

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def import_base(folder: Path, *, name: str, registry: str, mask: str = "") -> dict[str, str | bool]:
    """Register a model folder of transformers or diffusers as the version in service.

    The same weights make no second version, and do not take the alias back from another version:
    importing the original once more must not bring back what was deleted from it. Weights of other
    formats than safetensors are written anew as such.

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
        CheckpointError: the folder does not load.
        InfrastructureError: MLflow does not answer.
    """
    model = load_model(folder)
    chosen = mask or f"centre:{max(model.grid[0] // 2, 1)}x{max(model.grid[1] // 2, 1)}"
    with tempfile.TemporaryDirectory(prefix="efface-") as scratch, connected(registry) as client:
        copy = Path(scratch) / "model"
        found = save_model(model, copy, {"imported": True})
        known = find_version(client, name, model_fingerprint=found)
        if known:
            version = str(known.version)
        else:
            version = _add(client, copy, name=name, registry=registry, mask=chosen, found=found)
        serving = champion(client, name)
        if serving is None or not known:
            client.set_registered_model_alias(name, CHAMPION, version)
            serving = version
    logger.info(
        "event=base_imported model=%s version=%s created=%s champion=%s",
        *(name, version, not known, serving),
    )
    uri = f"models:/{name}/{version}"
    result = {"version": version, "fingerprint": found, "uri": uri}
    return {**result, "created": not known, "champion": serving}


def _add(
    client: "MlflowClient", folder: Path, *, name: str, registry: str, mask: str, found: str
) -> str:
    tags = {"role": "base", "model_fingerprint": found, "efface_version": __version__}
    with mlflow_run(client, registry=registry, name=name, run_name=f"import {found[:12]}") as run:
        record(client, run, {}, tags)
        model_id = log_painter(folder, mask=mask, metadata={"model_fingerprint": found})
        return add_version(
            client,
            name,
            model_id=model_id,
            mlflow_run_id=run,
            tags=tags,
            description="Imported as it is; nothing was unlearned.",
        )
