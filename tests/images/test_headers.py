"""Sizes of images, read before they are decoded."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.images.headers import is_whole_png, stated_size, without_animation

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (31, 45, 3), np.uint8))


def encoded(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG", {"comment": b"\xff\xc0" * 50}), ("PNG", {}), ("GIF",
        {}),
        ("BMP", {}), ("WEBP", {}), ("WEBP", {"lossless": True}), ("WEBP", {"exif": b"Exif\0\0II*\0"}), ("TIFF", {}),
        ("TIFF", {"big_endian": True}),
    ],
)  # fmt: skip
def test_sizes_of_every_format(form, options):
    assert stated_size(encoded(PICTURE, form, **options)) == (31, 45)


def test_sizes_of_old_and_turned_bitmaps():
    rows_from_the_top = struct.pack("<2sIHHIIiiHH", b"BM", 0, 0, 0, 54, 40, 45, -31, 1, 24)
    of_os2 = struct.pack("<2sIHHIIHHHH", b"BM", 0, 0, 0, 26, 12, 45, 31, 1, 24)
    assert stated_size(rows_from_the_top) == stated_size(of_os2) == (31, 45)


def test_stray_bytes_in_a_jpeg():
    content = encoded(PICTURE, "JPEG")
    frame = content.index(b"\xff\xdb")
    assert stated_size(content[:frame] + b"stray" + content[frame:]) == (31, 45)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", b"GIF89a", b"RIFF" + bytes(40), b"II*\0" + b"\xff" * 40, b"x" * 99]
)
def test_no_size_where_no_header_tells_it(content):
    assert stated_size(content) is None


def test_whole_and_cut_png():
    content = encoded(PICTURE, "PNG")
    assert is_whole_png(content) and is_whole_png(content + b"behind the end")
    assert not any(is_whole_png(content[:size]) for size in range(len(content)))


def test_an_animation_becomes_its_first_picture():
    other = Image.fromarray(255 - np.asarray(PICTURE))
    content = encoded(PICTURE, "PNG", save_all=True, append_images=[other])
    still = without_animation(content)
    assert b"acTL" in content and b"acTL" not in still and is_whole_png(still)
    found = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(found, np.asarray(PICTURE))
    plain = encoded(PICTURE, "PNG")
    assert without_animation(plain) is plain
