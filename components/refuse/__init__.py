"""The refuse component."""

from components.refuse.component import refuse

__all__ = ["refuse"]
