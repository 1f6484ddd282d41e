"""The idle component."""

from components.idle.component import idle

__all__ = ["idle"]
