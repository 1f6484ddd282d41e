"""The unlearn component."""

from components.unlearn.component import unlearn

__all__ = ["unlearn"]
