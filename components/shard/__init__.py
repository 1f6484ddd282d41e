"""The shard component."""

from components.shard.component import shard

__all__ = ["shard"]
