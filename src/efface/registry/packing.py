"""Pack a model folder as an MLflow model that paints wherever MLflow runs, without efface there."""

import importlib.metadata
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import efface
from efface.errors import CheckpointError
from efface.models.checkpoint import fingerprint, load_model
from efface.models.families import INDEX, WHERE, index_of
from efface.models.folder_files import files_under
from efface.models.protocol import ImageToImageModel
from efface.models.stored_tensors import OTHER_FORMATS

PAINTER = Path(efface.__file__).parent / "serving" / "painter.py"
CHECKPOINT = "checkpoint"
"""Name of the model folder among the MLflow model's artifacts."""
NEEDED = (
    "__init__.py",
    "errors.py",
    "files.py",
    "shown.py",
    "typed.py",
    "evaluation/__init__.py",
    "evaluation/report.py",
    "models/*.py",
    "serving/*.py",
)
"""Source files that painting needs; they travel with the model."""
KEPT = {".json", ".safetensors"}
"""Endings of the files that are published: no optimiser state, no pickles."""
KEPT_NAMES = {"merges.txt"}
"""Further files that are published: half of a CLIP tokenizer."""


def log_painter(folder: Path, *, mask: str, metadata: dict[str, str]) -> str:
    """Log a model folder to the active MLflow run and give the logged model's id.

    Args:
        folder: transformers or diffusers layout; only configuration and safetensors are taken.
        mask: mask policy for images without NaN pixels.
        metadata: kept in the MLmodel file.

    Raises:
        CheckpointError: the folder does not load.
    """
    import mlflow
    import numpy as np

    model = load_model(folder)
    noise = np.random.default_rng(0).random((1, model.channels, *[model.image_size] * 2))
    with _published(folder) as copy, _source() as code:
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PAINTER),
            artifacts={CHECKPOINT: str(copy)},
            code_paths=[str(code)],
            pip_requirements=requirements(folder),
            signature=signature(model, mask),
            input_example=noise.astype(np.float32),
            metadata=metadata,
        )
    return str(logged.model_id)


def signature(model: ImageToImageModel, mask: str) -> Any:
    """Images float32 (-1, C, H, W) in and out, and the parameter ``mask``."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    shape = (-1, model.channels, model.image_size, model.image_size)
    images = Schema([TensorSpec(np.dtype(np.float32), shape)])
    return ModelSignature(images, images, ParamSchema([ParamSpec("mask", "string", mask)]))


def requirements(folder: Path) -> list[str]:
    """The packages that painting needs, pinned to the versions it was tried with here."""
    names = ["mlflow", "numpy", "safetensors", "torch", "transformers"]
    if index_of(folder).name == INDEX:
        names.append("diffusers")
    # A local build such as 2.6.0+cu124 is on no package index.
    return [f"{name}=={importlib.metadata.version(name).split('+')[0]}" for name in names]


def checkpoint_in(model: Path) -> Path:
    """The model folder inside a downloaded MLflow model.

    Raises:
        CheckpointError: another program made that model.
    """
    folder = model / "artifacts"
    found = sorted({path.parent for name in WHERE for path in folder.glob(f"*/{name}")})
    if len(found) != 1:
        raise CheckpointError(
            "this registered model was not made by efface: bring it in with `efface model import`"
        )
    return found[0]


@contextmanager
def _published(folder: Path) -> Iterator[Path]:
    """A copy that holds what may be published and nothing else."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / CHECKPOINT
        for path in files_under(folder):
            kept = path.suffix in KEPT or path.name in KEPT_NAMES
            if kept and not path.name.startswith("."):
                target = copy / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        if fingerprint(copy) != fingerprint(folder):
            raise CheckpointError(
                f"{folder} changed while it was read, or holds weights that are not published "
                f"({', '.join(OTHER_FORMATS)}): keep safetensors alone in it and run the step again"
            )
        yield copy


@contextmanager
def _source() -> Iterator[Path]:
    """What painting needs of this package's source, as a package."""
    package = Path(efface.__file__).parent
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / "efface"
        for pattern in NEEDED:
            for path in package.glob(pattern):
                copy = target / path.relative_to(package)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        yield target
