import numpy as np
import pytest
from PIL import Image

from efface.data.images import decode, read_image, sniff_extension, to_array
from efface.errors import DataError
from tests.data.pictures import encoded, picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_formats_are_decoded(kind: str) -> None:
    image = decode(encoded(picture(1), kind))
    assert (image.mode, image.size) == ("RGB", (40, 30))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "L"), ("L", "L"), ("LA", "L"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGB")],
)
def test_modes_become_grey_or_colour(mode: str, expected: str) -> None:
    assert decode(encoded(picture(1).convert(mode))).mode == expected


def test_a_cmyk_jpeg_becomes_colour() -> None:
    assert decode(encoded(picture(1).convert("CMYK"), "JPEG")).mode == "RGB"


def test_16_bit_grey_is_scaled_to_8_bits() -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    assert np.asarray(decode(encoded(Image.fromarray(values)))).tolist() == [[0, 1, 128, 255]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new(mode, (4, 4))
    assert np.asarray(decode(encoded(image))).min() == 255


def test_a_transparent_palette_entry_is_laid_on_white() -> None:
    image = Image.new("P", (4, 4))
    image.putpalette([255, 0, 0])
    assert np.asarray(decode(encoded(image, transparency=0))).min() == 255


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    image = decode(encoded(picture(1), "JPEG", exif=exif))
    assert image.size == (30, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_that_is_cut_off_is_refused(kind: str) -> None:
    content = encoded(picture(1, (200, 200)), kind)
    with pytest.raises(DataError, match="damaged image|not an image"):
        decode(content[: len(content) // 2])


@pytest.mark.parametrize(
    "content", [b"", b"text", encoded(picture(1), "BMP")], ids=["empty", "text", "bmp"]
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="use JPEG, PNG or WebP"):
        decode(content)


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_the_extension_follows_the_content(kind: str, extension: str) -> None:
    content = encoded(picture(1), kind)
    assert read_image(content)[1] == sniff_extension(content) == extension


@pytest.mark.parametrize("size", [(40, 30), (30, 300), (7, 5), (1, 1), (16, 16)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_have_the_size_asked_for(size: tuple[int, int], channels: int) -> None:
    array = to_array(picture(1, size), 16, channels)
    assert (array.shape, array.dtype) == ((channels, 16, 16), np.uint8)


def test_an_image_of_the_right_size_keeps_its_pixels() -> None:
    image = picture(1, (16, 16))
    assert (to_array(image, 16, 3) == np.asarray(image).transpose(2, 0, 1)).all()


def test_the_centre_is_cut_out() -> None:
    image = Image.new("L", (48, 16), 0)
    image.paste(255, (16, 0, 32, 16))
    assert to_array(image, 16, 1).mean() > 250


def test_grey_survives_lossless_webp() -> None:
    grey = picture(1, (16, 16), "L")
    content = encoded(grey, "WEBP", lossless=True)
    assert (to_array(decode(content), 16, 1)[0] == np.asarray(grey)).all()


def test_two_channels_are_refused() -> None:
    with pytest.raises(DataError, match="use 1 or 3 channels"):
        to_array(picture(1), 16, 2)
