"""Compare a dataset with its forget set: features by cosine, thumbnails by correlation.

Images of a proxy are compared with those that are scored as well, thumbnails alone. The images
stream through in blocks, so memory grows with the forget set only; where there is a proxy, also by
4 KiB for each image that may be scored.

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
Vectors = npt.NDArray[np.float32]
"""``(N, D)``, each of length 1."""
_BLOCK_BYTES = 64 * 2**20
_LARGEST_SIDE = 256
"""Pixels; larger images are compared at this size."""


def compare(
    store: Reader, manifest: pa.Table, candidates: Candidates, embed: Embed, *, threshold: float
) -> Likeness:
    """Compare every candidate with every forget image, and a proxy with what is scored as well.

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
    leak_N = np.zeros(manifest.num_rows, np.bool_)
    total = len(candidates.forget) + len(candidates.to_compare)
    with track("compare with the forget set", total=total) as progress:

        def look(part: Rows) -> Iterator[tuple[Rows, Vectors, Vectors]]:
            """Rows block by block, each with features and thumbnails of length 1."""
            for rows, images_NCHW in _blocks(store, manifest, part):
                yield rows, to_unit_length(embed(images_NCHW)), images_to_thumbnails(images_NCHW)
                progress.advance(len(rows))

        blocks = list(look(candidates.forget))
        forget_features, forget_thumbnails = (
            np.concatenate([b[at] for b in blocks]) for at in (1, 2)
        )
        scored: list[Vectors] = []
        for part in _parts(candidates):
            against = np.concatenate(scored) if scored else None
            for rows, features, thumbnails in look(part):
                similarity_N[rows], _ = best_match(features, forget_features)
                duplicate_N[rows] |= best_match(thumbnails, forget_thumbnails)[0] >= threshold
                if against is not None:
                    leak_N[rows] = best_match(thumbnails, against)[0] >= threshold
                elif candidates.of_proxy:
                    scored.append(thumbnails)
    similarity_N[candidates.forget] = 1
    if candidates.of_proxy:
        leak_N[candidates.train] |= _same_bytes(manifest, candidates.scored)[candidates.train]
    return Likeness(similarity_N=similarity_N, duplicate_N=duplicate_N, leak_N=leak_N)


def _parts(candidates: Candidates) -> list[Rows]:
    """What is compared, part by part: of a proxy, what is scored comes first, to be met again."""
    if candidates.of_proxy:
        return [candidates.scored, np.sort(candidates.train)]
    return [candidates.to_compare]


def _same_bytes(manifest: pa.Table, originals: Rows) -> npt.NDArray[np.bool_]:
    """Rows that hold the very bytes of one of these, which pictures of one colour need."""
    digests = manifest["sha256"].to_pylist()
    known = {digests[row] for row in originals}
    same = np.array([digest in known for digest in digests], np.bool_)
    same[originals] = False
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
