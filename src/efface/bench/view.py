"""What of a plan is measured: all of it, or what ``--quick`` leaves."""

from pathlib import Path
from typing import Any, TypeVar

from efface.bench.plan import Plan
from efface.errors import ConfigError

T = TypeVar("T")


class View:
    """A plan as it is measured."""

    def __init__(self, plan: Plan, *, quick: bool) -> None:
        """Look at a plan; ``quick`` takes its shorter settings."""
        self.plan, self.quick = plan, quick

    @property
    def models(self) -> dict[str, Path]:
        """Models that are measured."""
        return self._kept(self.plan.models, self.plan.quick.models)

    @property
    def tickets(self) -> dict[str, Path]:
        """Tickets that are measured."""
        return self._kept(self.plan.tickets, self.plan.quick.tickets)

    @property
    def methods(self) -> dict[str, dict[str, Any]]:
        """Methods that are measured, with their settings."""
        return self._kept(self.plan.methods, self.plan.quick.methods)

    def _kept(self, known: dict[str, T], chosen: list[str]) -> dict[str, T]:
        """What quick keeps; all, where none of its names is left: somebody asked for others."""
        kept = {name: place for name, place in known.items() if self.quick and name in chosen}
        return kept or known

    @property
    def requests(self) -> int:
        """How many requests are made in a row."""
        return (self.quick and self.plan.quick.requests) or self.plan.requests

    @property
    def max_images(self) -> dict[str, int]:
        """Largest number of images scored in each set; empty: the policy's."""
        return (self.quick and self.plan.quick.max_images) or self.plan.max_images

    @property
    def first(self) -> tuple[str, str, str]:
        """The first model, ticket and mask: what a sweep is made with."""
        return next(iter(self.models)), next(iter(self.tickets)), self.plan.masks["score"][0]

    @property
    def i2i(self) -> dict[str, Any]:
        """The plan's settings of the paper's method.

        Raises:
            ConfigError: it has none.
        """
        if "i2i" not in self.plan.methods:
            raise ConfigError(
                f"the plan has no method i2i ({', '.join(self.plan.methods)}): this table needs it"
            )
        return self.plan.methods["i2i"]

    def settings(self, model: str, method: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A method's settings for a model, shortened when quick; early stopping off."""
        own = self.plan.settings.get(model, {})
        short = self.plan.quick.settings if self.quick else {}
        return {"probe_every": 0, **method, **own, **short, **more}
