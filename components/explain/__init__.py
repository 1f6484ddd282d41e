"""The explain component."""

from components.explain.component import explain

__all__ = ["explain"]
