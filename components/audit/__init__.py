"""The audit component."""

from components.audit.component import audit

__all__ = ["audit"]
