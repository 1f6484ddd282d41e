"""Unlearning methods. A method is one short file and one line in ``METHODS``.

A method is two losses over the same student, a retain loss and a forget loss; what is minimised is
``retain + alpha * forget``, each an explicit mean over its own half, so the sum does not move with
the mix of the batch.
"""

from efface.errors import ConfigError
from efface.methods.i2i import i2i
from efface.methods.max_loss import max_loss
from efface.methods.method import Half, Method
from efface.methods.retain_only import retain_only

METHODS: dict[str, Method] = {
    "i2i": Method(loss=i2i, uses_targets=True),
    "max-loss": Method(loss=max_loss, uses_targets=False),
    "retain-only": Method(loss=retain_only, uses_targets=False),
    "original": Method(loss=None, uses_targets=False),
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


__all__ = ["METHODS", "Half", "Method", "find_method"]
