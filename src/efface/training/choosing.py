"""The method of a run, and whether its settings say something that the method would not do."""

from typing import Any

from efface.errors import ConfigError
from efface.methods import METHODS, Method, find_method
from efface.training.settings import TrainingSettings, read_settings

UNASKED = TrainingSettings()
_NO_CHOICE = (
    f"it has no forget target to choose: use {UNASKED.target}, or a method that has, such as i2i"
)


def read_method(given: dict[str, Any]) -> tuple[TrainingSettings, Method]:
    """Read what somebody asks of a run, and look its method up.

    A preset is a starting point for every method: its forget target is passed over where the method
    has none to choose. One that is asked for beside it, or without a preset, is not.

    Raises:
        ConfigError: as ``read_settings`` and ``choose_method``, or a target asked for in vain.
    """
    settings = read_settings(given)
    method = choose_method(settings)
    free = settings.target == UNASKED.target or _chooses_target(method)
    _need("target" not in given or free, settings, "target", _NO_CHOICE)
    return settings, method


def choose_method(settings: TrainingSettings) -> Method:
    """Look the method of a run up.

    Raises:
        ConfigError: no such method, or a setting that has no meaning for it.
    """
    method = find_method(settings.name)
    on_features = [name for name, known in METHODS.items() if known.moves_forget]
    _need(
        settings.worst_share == 1 or method.moves_forget,
        settings,
        "worst_share",
        f"its forget loss is no mean over images: use 1, or one of {', '.join(on_features)}",
    )
    _need(
        settings.target != "unseen" or _chooses_target(method),
        settings,
        "target",
        _NO_CHOICE,
    )
    _need(
        settings.target != "noise" or not method.direction,
        settings,
        "target",
        "its bound needs a target that can be reached, not one that changes at each step: use "
        "noise-mean or unseen",
    )
    _need(
        settings.saliency == 1 or method.has_forget_loss,
        settings,
        "saliency",
        "it has no forget loss to choose weights by: use 1",
    )
    _need(
        settings.noise == UNASKED.noise
        or method.uses_noise
        or (method.moves_forget and (method.target or settings.target).startswith("noise")),
        settings,
        "noise",
        f"it draws no noise images: leave it at {UNASKED.noise}",
    )
    _need(
        settings.forget_bound == UNASKED.forget_bound or method.direction is not None,
        settings,
        "forget_bound",
        f"it keeps to no bound: leave it at {UNASKED.forget_bound}, or use i2i-controlled",
    )
    return method


def _chooses_target(method: Method) -> bool:
    return method.moves_forget and not method.target


def _need(true: bool, settings: TrainingSettings, name: str, reason: str) -> None:
    if not true:
        raise ConfigError(
            f"method {settings.name} cannot take {name} {getattr(settings, name)!r}: {reason}"
        )
