"""What efface needs to know of an in-painting diffusion model beyond the folder of diffusers."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from efface.errors import CheckpointError, InputError
from efface.files import read_json, write_json

VERSION = 1
FILE = "inpainting.json"
MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class InpaintingSettings:
    """``inpainting.json`` beside model_index.json."""

    patch_size: int
    """Height and width in pixels of what a mask hides or shows as a whole."""
    steps: int = 20
    """Steps of the sampler for one picture (docs/results/sampler.md says why so few)."""
    levels: int = 8
    """Timesteps the encoder is asked at in unlearning."""
    largest_weight: int = 30
    """Bound of the weight of an error, for its timestep (``efface.models.diffusion``)."""

    def __post_init__(self) -> None:
        """Refuse values that contradict their meaning."""
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or not 1 <= value <= MOST:
                raise CheckpointError(
                    f"{FILE}: {field.name} must be a whole number, 1 to {MOST}; got {value!r}"
                )


def read_inpainting_settings(folder: Path) -> InpaintingSettings:
    """Read ``inpainting.json`` of a model folder.

    Raises:
        CheckpointError: absent, not JSON, of another version, or a setting is missing, unknown or
            out of range.
    """
    if not (folder / FILE).is_file():
        raise CheckpointError(
            f"{folder / FILE} is missing: write one such as "
            '{"version": 1, "patch_size": 16}, docs/bring-your-own.md explains it'
        )
    try:
        content = read_json(folder / FILE, kind="in-painting settings", version=VERSION)
    except InputError as error:
        raise CheckpointError(str(error)) from None
    content.pop("version")
    known = [field.name for field in fields(InpaintingSettings)]
    if wrong := sorted(content.keys() - set(known)):
        raise CheckpointError(f"{folder / FILE}: {', '.join(wrong)} unknown: use {known}")
    if "patch_size" not in content:
        raise CheckpointError(f"{folder / FILE}: patch_size is missing: use {', '.join(known)}")
    try:
        return InpaintingSettings(**content)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from None


def write_inpainting_settings(folder: Path, settings: InpaintingSettings) -> None:
    """Write ``inpainting.json``."""
    write_json(folder / FILE, {"version": VERSION, **asdict(settings)})
