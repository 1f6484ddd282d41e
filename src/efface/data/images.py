"""Encoded images to pixels: JPEG, PNG and WebP of any kind and size.

Shapes in names: C channels, H/W pixels.
"""

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from efface.errors import DataError

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
"""Format as Pillow names it -> extension within a shard."""
_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    EOFError,
    IndexError,
    OSError,
    SyntaxError,  # what Pillow raises on broken PNG chunks
    ValueError,
    struct.error,
)
_DEEP_GREY = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


def decode(content: bytes) -> Image.Image:
    """Encoded bytes to an upright image in mode ``L`` or ``RGB``, 8 bits a channel.

    EXIF rotation is applied, 16-bit values are scaled to 8, transparency is laid on white.

    Raises:
        DataError: not a JPEG, PNG or WebP, cut off, or damaged.
    """
    return read_image(content)[0]


def read_image(content: bytes) -> tuple[Image.Image, str]:
    """Like ``decode``, with the extension that belongs to the format: jpg, png or webp.

    Raises:
        DataError: see ``decode``.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as opened:
            opened.load()
            return _eight_bits(ImageOps.exif_transpose(opened)), EXTENSIONS[str(opened.format)]
    except UnidentifiedImageError:
        raise DataError("not an image that can be read: use JPEG, PNG or WebP") from None
    except _UNREADABLE as error:
        raise DataError(f"damaged image ({error}): replace or remove it") from None


def sniff_extension(content: bytes) -> str:
    """Extension of encoded bytes that ``decode`` reads, from how they begin: jpg, png or webp."""
    if content.startswith(b"\xff\xd8"):
        return "jpg"
    return "png" if content.startswith(b"\x89PNG") else "webp"


def to_array(image: Image.Image, size: int, channels: int) -> npt.NDArray[np.uint8]:
    """An image of ``decode`` to uint8 ``(C, size, size)``.

    The shorter side is resized to ``size`` (Lanczos, antialiased) and the centre is cut out.

    Raises:
        DataError: ``channels`` is neither 1 nor 3, or ``size`` is below 1.
    """
    if channels not in (1, 3) or size < 1:
        raise DataError(
            f"cannot make images of {channels} channels and {size} pixels: use 1 or 3 channels"
        )
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (size, size):
        side = min(image.size)
        left, top = ((extent - side) / 2 for extent in image.size)
        box = (left, top, left + side, top + side)
        image = image.resize((size, size), Image.Resampling.LANCZOS, box=box)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode in _DEEP_GREY:
        return Image.fromarray(_deep_grey_to_bytes(np.asarray(image)))
    if "transparency" in image.info or "A" in image.getbands() or "a" in image.getbands():
        layer = image.convert("RGBA")
        page = Image.new("RGBA", layer.size, "white")
        page.alpha_composite(layer)
        return page.convert("L" if image.mode in ("L", "LA", "La") else "RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _deep_grey_to_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """0..65535 to 0..255, rounded."""
    scaled = (np.clip(values, 0, 65535).astype(np.uint32) + 128) // 257
    return np.asarray(scaled, np.uint8)
