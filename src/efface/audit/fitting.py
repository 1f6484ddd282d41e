"""Whether the attacks of a policy can be run on a model, told before anything is trained."""

from efface.audit.settings import AuditSettings
from efface.errors import ConfigError
from efface.models.masks import check_masks
from efface.models.protocol import ImageToImageModel


def check_audit_fits(settings: AuditSettings, model: ImageToImageModel) -> None:
    """Refuse queries of mask-sweep that the model cannot be asked, or that would show nothing.

    A picture moved by more than half its side is mostly its own repeated edge: whatever is painted
    of it says little about the picture, and moved by its whole side it says nothing.

    Args:
        settings: of the audit; only what its attacks use is looked at.
        model: that would be attacked; its grid and image size (pixels) count.

    Raises:
        ConfigError: a mask that does not fit the patch grid, or a shift beyond half an image.
    """
    if "mask-sweep" not in settings.attacks:
        return
    check_masks({"audit.masks": settings.masks}, model.grid)
    most = model.image_size // 2
    if too_far := [shift for shift in settings.shifts if shift > most]:
        raise ConfigError(
            f"audit.shifts: {too_far[0]} pixels move most of a picture of {model.image_size} x "
            f"{model.image_size} pixels out of sight: use at most {most}"
        )
