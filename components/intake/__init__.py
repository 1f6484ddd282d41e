"""The intake component."""

from components.intake.component import intake

__all__ = ["intake"]
