"""Features that do not change from one unlearned model to the next, kept on disk.

Kept are features of original images, and of what the model in service paints of them: a second
evaluation against the same set then reads them instead of computing them. An entry is named by a
hash of everything it depends on.

Two rules keep it from becoming a copy of what must be forgotten: forget and control are never kept,
and whoever opens the cache for a set deletes what is kept for any other version of that set. So
when a subject leaves holdout, its features leave the cache with the next evaluation.
"""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.errors import EffaceError
from efface.files import sha256_bytes, whole_file

log = logging.getLogger(__name__)

CACHED = ("retain", "neighbours", "holdout")
"""Sets whose features may be kept."""
VERSION = "1"


@dataclass(frozen=True)
class ReferenceCache:
    """The kept features of one version of one set; ``folder`` None keeps nothing."""

    folder: Path | None

    def read(self, *identity: str) -> NDArray[np.float32] | None:
        """Features kept under this identity, ``(N, D)``; None when there are none to trust."""
        if self.folder is None:
            return None
        try:
            with (
                self._path(identity).open("rb") as stream,
                np.load(stream, allow_pickle=False) as stored,
            ):
                features: NDArray[np.float32] = stored["features"]
                return features
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged entry is computed again, whatever is wrong with it
            log.warning("cache=damaged path=%s error=%r", self._path(identity), error)
            return None

    def write(self, features_ND: NDArray[np.float32], *identity: str) -> None:
        """Keep features under this identity; a run does not fail because it could not."""
        if self.folder is None:
            return
        try:
            with whole_file(self._path(identity)) as temporary, temporary.open("wb") as stream:
                np.savez(stream, features=features_ND)
        except (EffaceError, OSError) as error:  # a full disk, or another run's eviction
            log.warning("cache=not_kept path=%s error=%r", self._path(identity), error)

    def _path(self, identity: tuple[str, ...]) -> Path:
        assert self.folder is not None
        return self.folder / f"{sha256_bytes(chr(0).join((VERSION, *identity)).encode())}.npz"


def open_cache(root: Path | None, set_name: str, fingerprint: str) -> ReferenceCache:
    """The cache of one version of a set; what is kept for its other versions is deleted.

    Args:
        root: folder of all caches; None keeps nothing.
        set_name: forget and control are never kept.
        fingerprint: content hash of the set.
    """
    if root is None or set_name not in CACHED:
        return ReferenceCache(None)
    folder = root / f"{set_name}-{fingerprint}"
    for other in root.glob(f"{set_name}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
            log.info("cache=evicted set=%s folder=%s", set_name, other.name)
    return ReferenceCache(folder)
