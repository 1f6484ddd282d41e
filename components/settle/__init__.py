"""The settle component."""

from components.settle.component import settle

__all__ = ["settle"]
