"""Retain from elsewhere: images of another dataset in place of the original train split.

Where the original retain images may no longer be used, others of the same kind do (Li et al. 2024,
section 5.3: other classes, another dataset). They join the dataset's manifest under a prefix, so
all that follows knows one manifest and one place to read from.

Where the other dataset is this one (its control split), the images change sides: what is trained on
is scored in no set. Copies of scored images under another name or compression are the business of
``efface.data.likeness``.
"""

from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from efface.data.forgetting import holders_gone
from efface.data.manifest import NAME, bytes_to_manifest
from efface.errors import ConfigError, DataError
from efface.storage import Reader, open_store
from efface.storage.places import same_place

PREFIX = "proxy/"
"""Of what comes from the proxy, unless the dataset has such names itself."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What the sets are drawn from."""

    store: Reader
    manifest: pa.Table
    is_proxy_N: npt.NDArray[np.bool_]
    """Rows that stand in for the train split; all False without a proxy."""


class _Joined:
    """A dataset, and its proxy under a prefix."""

    def __init__(self, original: Reader, proxy: Reader, prefix: str) -> None:
        self.place = original.place
        self._original, self._proxy, self._prefix = original, proxy, prefix

    def read(self, key: str) -> bytes:
        """See ``Reader``."""
        store, key = self._find(key)
        return store.read(key)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """See ``Reader``."""
        store, key = self._find(key)
        return store.read_range(key, offset, length)

    def _find(self, key: str) -> tuple[Reader, str]:
        if key.startswith(self._prefix):
            return self._proxy, key.removeprefix(self._prefix)
        return self._original, key


def without_proxy(store: Reader, manifest: pa.Table) -> Source:
    """A dataset alone."""
    return Source(store=store, manifest=manifest, is_proxy_N=np.zeros(manifest.num_rows, np.bool_))


def check_stand_in(dataset: str, proxy: str, split: str) -> None:
    """Refuse a split of the dataset itself that cannot stand in for its train split.

    Args:
        dataset: place of the dataset.
        proxy: place of the proxy.
        split: of the proxy.

    Raises:
        ConfigError: the train or holdout split of the dataset itself.
    """
    is_itself = same_place(proxy, dataset)
    if is_itself and split == "train":
        raise ConfigError(f"proxy {proxy} is the dataset itself: name another, or another split")
    if is_itself and split == "holdout":
        raise ConfigError(
            f"proxy {proxy} is the dataset's own holdout, which the gate scores retain with: use "
            "another split, or another dataset"
        )


def with_proxy(
    store: Reader, manifest: pa.Table, forget_ids: set[str], *, proxy: str, split: str
) -> Source:
    """A dataset whose train split is stood in for by a split of another one.

    Images of forgotten subjects, and of rights-holders who are gone, are left out of the proxy.
    Rows that the dataset lends to itself are no rows of its own any more.

    Args:
        store: the dataset.
        manifest: its manifest.
        forget_ids: sample ids to forget.
        proxy: place of the other dataset; it may be the same one, with another split.
        split: of the other dataset, one of SPLITS.

    Raises:
        ConfigError: the train or holdout split of the dataset itself.
        DataError: the proxy holds a forget image, or nothing.
        InputError: no dataset there.
    """
    other = open_store(proxy)
    check_stand_in(store.place, other.place, split)
    rows = bytes_to_manifest(other.read(NAME), where=f"{other.place}/{NAME}")
    rows = rows.filter(pc.equal(rows["split"], split))
    is_forget = pc.is_in(manifest["sample_id"], pa.array(sorted(forget_ids)))
    forget = manifest.filter(is_forget)
    shared = set(rows["sha256"].to_pylist()) & set(forget["sha256"].to_pylist())
    if shared:
        raise DataError(
            f"proxy {proxy} holds {len(shared)} images that are to be forgotten, such as sha256 "
            f"{min(shared)!r}: take them out of it"
        )
    rows = rows.filter(pc.invert(pc.is_in(rows["subject_id"], forget["subject_id"].unique())))
    trained = pc.equal(manifest["split"], "train")
    kept = manifest.filter(pc.and_not(trained, is_forget))
    gone = holders_gone(*(part["rights_holder"].to_pylist() for part in (forget, kept)))
    rows = rows.filter(pc.invert(pc.is_in(rows["rights_holder"], pa.array(gone, pa.string()))))
    if not rows.num_rows:
        raise DataError(f"proxy {proxy} has no image of others in its {split} split")
    if same_place(other.place, store.place):
        manifest = manifest.filter(
            pc.invert(pc.is_in(manifest["sample_id"], rows["sample_id"].combine_chunks()))
        )
    prefix = _free_prefix(manifest)
    for column in ("sample_id", "shard"):
        joined = pc.binary_join_element_wise(prefix, rows[column], "")
        rows = rows.set_column(rows.column_names.index(column), column, joined)
    is_proxy = np.arange(manifest.num_rows + rows.num_rows) >= manifest.num_rows
    together = pa.concat_tables([manifest, rows.select(manifest.column_names)])
    return Source(
        store=_Joined(store, other, prefix), manifest=together.combine_chunks(), is_proxy_N=is_proxy
    )


def _free_prefix(manifest: pa.Table) -> str:
    """``proxy/``, or ``proxy-2/`` and so on where the dataset has names that begin like that."""
    names = manifest["sample_id"].to_pylist() + manifest["shard"].to_pylist()
    taken = {name.partition("/")[0] for name in names}
    stem = PREFIX.removesuffix("/")
    later = (f"{stem}-{number}" for number in count(2))
    return next(name for name in chain([stem], later) if name not in taken) + "/"
