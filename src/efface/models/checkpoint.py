"""The checkpoint on disk: a model folder of its own library, plus ``efface.json``.

Only the student is written: no teacher, optimiser, moving average or gradient moments. The
fingerprint is a hash of the tensors and of the settings that decide what is painted. It depends
neither on how a file is laid out nor on where it lies, and reading it needs no torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.errors import CheckpointError
from efface.evaluation.report import Hygiene
from efface.files import read_json, whole_folder, write_json
from efface.models.configuration import hash_settings, settings_that_differ
from efface.models.families import load_family, read_configuration
from efface.models.stored_tensors import hash_tensors, tensor_names

if TYPE_CHECKING:  # the protocol needs torch, a fingerprint does not
    from torch import Tensor

    from efface.models.protocol import ImageToImageModel

VERSION = 2
"""Of the record; in version 1 the fingerprint covered tensors alone."""
RECORD = "efface.json"


def load_model(folder: Path) -> "ImageToImageModel":
    """Load a model folder in evaluation mode.

    Raises:
        CheckpointError: absent, damaged, or of another architecture than its config says.
    """
    if not folder.is_dir():
        told = "is no folder" if folder.exists() else "does not exist"
        raise CheckpointError(
            f"model folder {folder} {told}: give one that save_pretrained of transformers or "
            "diffusers wrote"
        )
    model = load_family(folder)
    model.module.eval().requires_grad_(False)
    return model


def load_pair(before: Path, after: Path) -> "tuple[ImageToImageModel, ImageToImageModel]":
    """Load a model and its unlearned version.

    Raises:
        CheckpointError: one of them cannot be loaded, or they do not fit each other.
    """
    old, new = load_model(before), load_model(after)
    if old.family != new.family:
        raise CheckpointError(
            f"{before} and {after} are of different families ({old.family}, {new.family}): a model "
            "is compared with its own unlearned version"
        )
    shapes = [(model.image_size, model.channels, model.grid) for model in (old, new)]
    if shapes[0] != shapes[1]:
        raise CheckpointError(
            f"{before} and {after} have different image sizes, channels or patch grids "
            f"({shapes[0]}, {shapes[1]}): a model is compared with its own unlearned version"
        )
    parts = [{name: tuple(one.shape) for name, one in m.encoder_parameters()} for m in (old, new)]
    if parts[0] != parts[1]:
        raise CheckpointError(
            f"{before} and {after} have encoders of different tensors or sizes: a model is "
            "compared with its own unlearned version"
        )
    return old, new


def check_model_place(model: str) -> None:
    """Refuse a model that is no folder here, and named neither in the registry nor in storage.

    Raises:
        CheckpointError: it is none of these.
    """
    named = model.startswith(("models:", "s3://"))
    if not named and not (model and Path(model).is_dir()):  # "" would be the folder one is in
        raise CheckpointError(
            f"model {model!r} is neither a folder nor models:/NAME@champion nor "
            "s3://bucket/prefix: import one with `efface model import`"
        )


def save_model(model: "ImageToImageModel", folder: Path, lineage: dict[str, Any]) -> str:
    """Write a model folder, whole or not at all, and return its fingerprint.

    Args:
        model: what to save.
        folder: where; replaced when it exists.
        lineage: where the model comes from: fingerprint of its base, method, seed, batch.
    """
    with whole_folder(folder) as temporary:
        model.save(temporary)
        found = fingerprint(temporary)
        record = {"version": VERSION, "family": model.family, "fingerprint": found}
        write_json(temporary / RECORD, {**record, "lineage": lineage})
    return found


def read_record(folder: Path) -> dict[str, Any]:
    """The ``efface.json`` of a checkpoint: family, fingerprint, lineage.

    Raises:
        InputError: the folder was not written by ``save_model``.
    """
    return read_json(folder / RECORD, kind="checkpoint record", version=VERSION)


def fingerprint(folder: Path) -> str:
    """SHA-256 over the tensors of a model and the settings that decide what it paints.

    Which files and settings these are, ``efface.models.families`` says.

    Raises:
        CheckpointError: no model folder, or a file of it is absent or damaged.
    """
    return hash_settings([hash_tensors(folder), read_configuration(folder)])


def compare(before: Path, after: Path) -> Hygiene:
    """Say what, other than encoder weights, differs between two checkpoints of one architecture.

    Raises:
        CheckpointError: one of them cannot be read.
    """
    old, new = load_model(before), load_model(after)
    movable = {name for name, _ in new.encoder_parameters()}
    old_state, new_state = old.module.state_dict(), new.module.state_dict()
    moved = [
        name
        for name in sorted(old_state.keys() & new_state.keys())
        if name not in movable and not _same_bytes(old_state[name], new_state[name])
    ]
    return Hygiene(
        unexpected_keys=sorted(tensor_names(after) - tensor_names(before)),
        missing_keys=sorted(tensor_names(before) - tensor_names(after)),
        moved_outside_encoder=moved,
        not_finite=[name for name, tensor in new_state.items() if not tensor.isfinite().all()],
        changed_settings=settings_that_differ(
            read_configuration(before), read_configuration(after)
        ),
    )


def _same_bytes(one: "Tensor", other: "Tensor") -> bool:
    """Whether two tensors hold the same bytes: a NaN that stayed is no move, unlike for ``==``."""
    import torch

    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    raw = [tensor.detach().cpu().reshape(-1).view(torch.uint8) for tensor in (one, other)]
    return torch.equal(*raw)
