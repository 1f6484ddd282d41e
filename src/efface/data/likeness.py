"""Compare a dataset with its forget set: features by cosine, thumbnails by correlation.

The images stream through in blocks, so memory does not grow with the dataset.

Shapes in names: N images, C channels, H/W pixels, D width of a feature or pixels of a thumbnail.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from efface.data.near_duplicates import best_match, images_to_thumbnails, to_unit_length
from efface.data.reading import read_rows, shard_sizes
from efface.data.sets import Candidates, Likeness, Rows
from efface.progress import track
from efface.storage import Reader

Embed = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""uint8 ``(N, 3, H, W)`` to features ``(N, D)``."""
_BLOCK_BYTES = 64 * 2**20
_LARGEST_SIDE = 256
"""Pixels; larger images are compared at this size."""


def compare(
    store: Reader, manifest: pa.Table, candidates: Candidates, embed: Embed, *, threshold: float
) -> Likeness:
    """Compare every candidate with every forget image.

    Args:
        store: Place of the dataset.
        manifest: Of the dataset.
        candidates: Of ``efface.data.sets.choose_candidates``.
        embed: Images to features.
        threshold: Correlation of thumbnails from which an image is a near-duplicate.

    Raises:
        DataError: an image is damaged.
        InputError: a shard does not exist.
    """
    similarity_N = np.zeros(manifest.num_rows, np.float32)
    duplicate_N = _same_bytes(manifest, candidates.forget)
    total = len(candidates.forget) + len(candidates.to_compare)
    with track("compare with the forget set", total=total) as progress:
        features, thumbnails = [], []
        for rows, images_NCHW in _blocks(store, manifest, candidates.forget):
            features.append(to_unit_length(embed(images_NCHW)))
            thumbnails.append(images_to_thumbnails(images_NCHW))
            progress.advance(len(rows))
        forget_features, forget_thumbnails = np.concatenate(features), np.concatenate(thumbnails)
        for rows, images_NCHW in _blocks(store, manifest, candidates.to_compare):
            similarity_N[rows], _ = best_match(to_unit_length(embed(images_NCHW)), forget_features)
            correlation, _ = best_match(images_to_thumbnails(images_NCHW), forget_thumbnails)
            duplicate_N[rows] |= correlation >= threshold
            progress.advance(len(rows))
    similarity_N[candidates.forget] = 1
    return Likeness(similarity_N=similarity_N, duplicate_N=duplicate_N)


def _same_bytes(manifest: pa.Table, forget: Rows) -> npt.NDArray[np.bool_]:
    """Rows that hold the very bytes of a forget image, which pictures of one colour need."""
    digests = manifest["sha256"].to_pylist()
    forgotten = {digests[row] for row in forget}
    same = np.array([digest in forgotten for digest in digests], np.bool_)
    same[forget] = False
    return same


def _blocks(
    store: Reader, manifest: pa.Table, rows: Rows
) -> Iterator[tuple[Rows, npt.NDArray[np.uint8]]]:
    size = _comparison_size(manifest)
    count = int(np.clip(_BLOCK_BYTES // (3 * size * size), 32, 1024))
    sizes = shard_sizes(manifest)
    for first in range(0, len(rows), count):
        block = rows[first : first + count]
        yield (
            block,
            read_rows(store, manifest.take(block), size=size, channels=3, shard_sizes=sizes),
        )


def _comparison_size(manifest: pa.Table) -> int:
    shorter = np.minimum(manifest["width"].to_numpy(), manifest["height"].to_numpy())
    return int(np.clip(np.median(shorter), 32, _LARGEST_SIDE))
