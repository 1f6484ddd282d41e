"""How the sets of a run are made: settings of the shard step."""

from dataclasses import dataclass, fields
from typing import Any

from efface.data.manifest import SPLITS
from efface.data.near_duplicates import THRESHOLD
from efface.errors import ConfigError
from efface.typed import need, typed


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """How the sets are made."""

    neighbours: int = 300
    """Images in neighbours, at most."""
    control: int = 200
    """Images in control, at most; of the forgotten rights-holders where the split has any."""
    near_duplicate: float = THRESHOLD
    """Correlation of thumbnails from which an image is a near-duplicate of a forget image; of a
    proxy, also of one that is scored."""
    retain_limit: int = 0
    """Images in retain, at most, drawn at random; 0 for all."""
    proxy: str = ""
    """Place of another dataset that retain is drawn from; empty: this one's train split."""
    proxy_split: str = ""
    """Split of the proxy; empty: train."""
    samples_per_shard: int = 2000
    """Images in a shard, at most; large images make smaller shards."""
    shards_per_task: int = 8
    """Shards that one evaluate task scores, about; there are at least two tasks."""

    def __post_init__(self) -> None:
        """Refuse values that contradict their meaning."""
        for name in ("neighbours", "control", "samples_per_shard", "shards_per_task"):
            _need(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        _need(self.retain_limit >= 0, "retain_limit", "at least 0", self.retain_limit)
        _need(
            bool(self.proxy) or not self.proxy_split,
            "proxy_split",
            "given with a proxy, or left out",
            self.proxy_split,
        )
        split = self.proxy_split
        _need(split in ("", *SPLITS), "proxy_split", f"one of {', '.join(SPLITS)}", split)
        threshold = self.near_duplicate
        _need(0 < threshold <= 1, "near_duplicate", "above 0 and at most 1", threshold)


def parse_settings(given: dict[str, Any]) -> ShardSettings:
    """Turn a plain dict (from JSON) into checked settings.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    defaults = {field.name: field.default for field in fields(ShardSettings)}
    if unknown := sorted(given.keys() - defaults.keys()):
        raise ConfigError(f"shard setting {', '.join(unknown)} unknown: use {', '.join(defaults)}")
    return ShardSettings(
        **{name: typed(f"shard setting {name}", v, defaults[name]) for name, v in given.items()}
    )


def _need(true: bool, name: str, accepted: str, given: Any) -> None:
    need(true, f"shard setting {name}", accepted, given)
