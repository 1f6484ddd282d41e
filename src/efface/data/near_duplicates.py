"""Near-duplicates: the same picture saved again, resized, brightened or compressed.

Pictures are compared as small grey thumbnails by normalised correlation (Pearson's, which ignores
brightness and contrast). The search is exact: every candidate meets every target, block by block in
one matrix product.

Shapes in names: N candidates, M targets, C channels, H/W pixels, D pixels of a thumbnail or width
of a feature.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

THUMBNAIL = 32
"""Height and width of a thumbnail in pixels."""
THRESHOLD = 0.995
"""Correlation from which two pictures count as one.

Of the 11,500 demo pictures this finds two pairs, both of which look like one article photographed
twice; from 0.993 down the pairs are different garments of one cut. A copy saved as JPEG of quality
95 has 0.998, a brighter copy 0.998. Where different images are less alike than garments on black, a
lower threshold finds more copies.
"""
_BLOCK = 2048
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_FLAT = 0.5
"""Standard deviation in grey levels below which a thumbnail has no content to compare."""


def images_to_thumbnails(images_NCHW: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Images to thumbnails ``(N, D)`` of mean 0 and length 1; one colour all over gives zeros."""
    if images_NCHW.shape[1] == 3:
        grey = np.einsum("nchw,c->nhw", images_NCHW, _GREY)
    else:
        grey = images_NCHW[:, 0].astype(np.float32)
    if grey.shape[1:] != (THUMBNAIL, THUMBNAIL):
        grey = np.stack([_shrink(image) for image in grey])
    flat_ND = grey.reshape(len(grey), -1).astype(np.float32)
    flat_ND = flat_ND - flat_ND.mean(axis=1, keepdims=True)
    flat_ND[flat_ND.std(axis=1) < _FLAT] = 0
    return to_unit_length(flat_ND)


def to_unit_length(vectors_ND: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Vectors scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return np.asarray(vectors_ND / np.maximum(lengths, 1e-12), np.float32)


def best_match(
    candidates_ND: npt.NDArray[np.float32], targets_MD: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """For each candidate the largest inner product with a target, and which: ``(N,)`` both."""
    value_N = np.full(len(candidates_ND), -np.inf, np.float32)
    which_N = np.zeros(len(candidates_ND), np.int64)
    for first in range(0, len(candidates_ND), _BLOCK):
        rows = slice(first, first + _BLOCK)
        for start in range(0, len(targets_MD), _BLOCK):
            product = candidates_ND[rows] @ targets_MD[start : start + _BLOCK].T
            column = product.argmax(axis=1)
            value = product[np.arange(len(product)), column]
            better = value > value_N[rows]
            value_N[rows] = np.where(better, value, value_N[rows])
            which_N[rows] = np.where(better, column + start, which_N[rows])
    return value_N, which_N


def _shrink(grey_HW: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    image = Image.fromarray(grey_HW.astype(np.float32))
    return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32)
