"""Files with transparency, or with more than 8 bits a value, as programs write them."""

import io
import logging
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.errors import DataError
from mindocr.images import complete
from mindocr.images.pixel_form import PixelForm, pixel_form
from mindocr.images.read import read_image

COLOUR = (200, 100, 50)
MIXED = (227, 177, 152)  # COLOUR at an opacity of 128 over white, rounded
GREY_MIXED = (227, 227, 227)


@pytest.fixture
def rgba() -> np.ndarray:
    """(4, 6, 4) of COLOUR: the left half is transparent, the last pixel of the first row half so."""
    image = np.zeros((4, 6, 4), np.uint8)
    image[...] = (*COLOUR, 255)
    image[:, :3, 3] = 0
    image[0, 5, 3] = 128
    return image


@pytest.fixture
def read(tmp_path):
    def write_and_read(content: bytes, **options) -> np.ndarray:
        path = tmp_path / "image.bin"
        path.write_bytes(content)
        return read_image(path, **options)

    return write_and_read


def encoded(image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, form, **options)
    return stream.getvalue()


def by_opencv(image: np.ndarray, suffix: str) -> bytes:
    done, content = cv2.imencode(suffix, image)
    assert done
    return content.tobytes()


def bmp(image: np.ndarray, mask: int) -> bytes:
    """A 32-bit bitmap with a header that has a mask for the opacity."""
    h, w = image.shape[:2]
    pixels = image[::-1, :, [2, 1, 0, 3]].tobytes()
    sizes = struct.pack("<IiiHHIIiiII", 124, w, h, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    header = sizes + struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, mask) + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<IHHI", 14 + 124 + len(pixels), 0, 0, 14 + 124) + header + pixels


def grey_alpha(rgba: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(rgba[..., [0, 3]]), "LA")


TRANSPARENT = {
    "PNG": lambda a: encoded(a, "PNG"),
    "PNG of 16 bits": lambda a: by_opencv(a[..., [2, 1, 0, 3]].astype(np.uint16) * 257, ".png"),
    "WebP": lambda a: encoded(a, "WEBP", lossless=True, exact=True),
    "animated WebP": lambda a: encoded(
        Image.fromarray(a), "WEBP", save_all=True, append_images=[Image.new("RGBA", (6, 4))], lossless=True
    ),
    "TIFF": lambda a: encoded(a, "TIFF"),
    "TIFF, LZW": lambda a: encoded(a, "TIFF", compression="tiff_lzw"),
    "TIFF of OpenCV": lambda a: by_opencv(a[..., [2, 1, 0, 3]], ".tiff"),
    "TIFF of 16 bits": lambda a: by_opencv(a[..., [2, 1, 0, 3]].astype(np.uint16) * 257, ".tiff"),
    "BMP": lambda a: bmp(a, 0xFF000000),
    "grey PNG": lambda a: encoded(grey_alpha(a), "PNG"),
    "grey TIFF": lambda a: encoded(grey_alpha(a), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", TRANSPARENT)
def test_a_transparent_image_looks_as_on_white(form, rgba, read):
    content = TRANSPARENT[form](rgba)
    image = read(content)
    colour, mixed = ((200,) * 3, GREY_MIXED) if form.startswith("grey") else (COLOUR, MIXED)
    assert (image[:, :3] == 255).all()
    assert [tuple(p) for p in image[1, 3:]] == [colour] * 3 and tuple(image[0, 5]) == mixed
    np.testing.assert_array_equal(read(content, rgb=False), image[..., ::-1])
    assert tuple(read(content, alpha="black")[2, 0]) == (0, 0, 0)
    assert tuple(read(content, alpha=[1, 2, 3])[2, 0]) == (1, 2, 3)


def palette(background: int) -> Image.Image:
    image = Image.new("P", (6, 4), background)
    image.putpalette([*COLOUR, 1, 2, 3])
    return image


def test_a_transparent_entry_of_a_palette_and_a_transparent_grey(read):
    for form in ("PNG", "GIF"):
        assert (read(encoded(palette(1), form, transparency=1)) == 255).all()
        assert (read(encoded(palette(0), form, transparency=1)) == COLOUR).all()
    assert tuple(read(encoded(palette(0), "PNG", transparency=bytes([128, 0])))[0, 0]) == MIXED
    grey = np.array([[200, 201]], np.uint8)
    assert read(encoded(grey, "PNG", transparency=200))[0].tolist() == [[255] * 3, [201] * 3]
    one_bit = Image.fromarray(grey > 200).convert("1")
    assert read(encoded(one_bit, "PNG", transparency=0))[0].tolist() == [[255] * 3] * 2
    rgb = np.array([[COLOUR, (1, 2, 3)]], np.uint8)
    assert read(encoded(rgb, "PNG", transparency=(1, 2, 3)))[0].tolist() == [list(COLOUR), [255] * 3]


def test_a_colour_without_opacity_is_not_covered(rgba, read):
    zero = rgba.copy()
    zero[..., 3] = 0  # from a program that leaves the channel empty
    assert (read(bmp(zero, 0xFF000000)) == COLOUR).all() and (read(bmp(zero, 0)) == COLOUR).all()
    assert (read(encoded(Image.fromarray(rgba).convert("RGB"), "GIF")) == COLOUR).all()
    cmyk = encoded(Image.fromarray(rgba).convert("RGB").convert("CMYK"), "TIFF")
    assert pixel_form(cmyk) is PixelForm.PLAIN and (read(cmyk) == COLOUR).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_transparent_png_is_turned_upright_like_an_opaque_one(orientation, rgba, read):
    rgba[0, :, :3] = (10, 20, 30)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read(encoded(rgba, "PNG", exif=exif))
    opaque = encoded(read(encoded(rgba, "PNG")), "PNG", exif=exif)
    np.testing.assert_array_equal(found, read(opaque))
    np.testing.assert_array_equal(
        read(encoded(rgba, "PNG", exif=exif), ignore_orientation=True), read(opaque, ignore_orientation=True)
    )


@pytest.mark.parametrize(
    "content",
    [
        lambda v: encoded(v.astype(np.uint8), "JPEG"),
        lambda v: encoded(v.astype(np.uint8), "PNG"),
        lambda v: encoded(np.repeat(v[..., None], 3, 2).astype(np.uint8), "TIFF"),
        lambda v: encoded(v.astype(np.uint8), "TIFF"),
        lambda v: encoded(np.repeat(v[..., None], 3, 2).astype(np.uint8), "WEBP"),
        lambda v: encoded(v.astype(np.uint8), "BMP"),
        lambda v: encoded(Image.fromarray(v > 100), "TIFF", compression="group4"),
    ],
)
def test_common_files_are_decoded_as_before(content):
    assert pixel_form(content(np.arange(96).reshape(8, 12))) is PixelForm.PLAIN


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bits(suffix, read, caplog, monkeypatch):
    monkeypatch.setattr(complete, "_told", set())
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    values = np.array([[0, 40, 200, 255]], np.uint16)
    for factor in (257, 16, 1):
        found = [read(by_opencv(values * factor, suffix))[0] for _ in range(2)]
        np.testing.assert_array_equal(found[1], np.repeat(values.T, 3, 1))
    # pytest may listen at the root and at the logger of the package
    told = {id(record): record for record in caplog.records}.values()
    assert [record.getMessage().rpartition("image.bin: ")[2][:52] for record in told] == [
        "its values are at most 4080; they are read as 12-bit",
        "its values are at most 255; they are read as 8-bit v",
    ]  # once each


def test_16_bits_with_opacity_and_low_values(rgba, read):
    low = by_opencv(rgba[..., [2, 1, 0, 3]].astype(np.uint16), ".png")
    np.testing.assert_array_equal(read(low), read(encoded(rgba, "PNG")))


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 257.0])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_tiff_of_floating_point_values(scale, kind, read):
    values = np.array([[0, 40, 200, 255]])
    content = by_opencv((values * scale).astype(kind), ".tiff")
    np.testing.assert_array_equal(read(content)[0], np.repeat(values.T, 3, 1))


def test_damaged_files_are_named(rgba, read):
    for content in (TRANSPARENT["WebP"](rgba)[:-12], encoded(palette(0), "GIF")[:30], b"GIF89a" + bytes(30)):
        with pytest.raises(DataError, match="image.bin: not an image that (OpenCV|Pillow) can decode"):
            read(content)
