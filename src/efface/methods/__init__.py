"""Unlearning methods. A method is one short file and one line in ``METHODS``.

A method is two losses over the same student, a retain loss and a forget loss; what is minimised is
``retain + alpha * forget``, each an explicit mean over its own half, so the sum does not move with
the mix of the batch. A method may say instead how the two gradients become one.
"""

from efface.errors import ConfigError
from efface.methods.i2i import i2i
from efface.methods.i2i_controlled import i2i_apart, least_damage
from efface.methods.i2i_output import i2i_output
from efface.methods.max_loss import max_loss
from efface.methods.method import Direction, Half, Method
from efface.methods.noisy_label import noisy_label
from efface.methods.random_encoder import random_encoder
from efface.methods.retain_label import retain_label
from efface.methods.retain_only import retain_only

METHODS: dict[str, Method] = {
    "i2i": Method(loss=i2i, uses_targets=True),
    "i2i-controlled": Method(loss=i2i_apart, uses_targets=True, direction=least_damage),
    "i2i-output": Method(loss=i2i_output, uses_targets=True, matches="answer", uses_noise=True),
    "max-loss": Method(loss=max_loss, uses_targets=False),
    "noisy-label": Method(loss=noisy_label, uses_targets=False, uses_noise=True),
    "retain-label": Method(loss=retain_label, uses_targets=False),
    "random-encoder": Method(loss=random_encoder, uses_targets=True, target="gaussian"),
    "retain-only": Method(loss=retain_only, uses_targets=False, has_forget_loss=False),
    "original": Method(loss=None, uses_targets=False, has_forget_loss=False),
}
"""Name -> method. ``original`` takes no step at all: the model in service, saved again."""


def find_method(name: str) -> Method:
    """Look a method up.

    Raises:
        ConfigError: no such method.
    """
    if name not in METHODS:
        raise ConfigError(f"method {name!r} unknown: use one of {', '.join(METHODS)}")
    return METHODS[name]


__all__ = ["METHODS", "Direction", "Half", "Method", "find_method"]
