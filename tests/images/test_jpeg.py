"""Headers of JPEG files, against Pillow, which writes them and reads them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.images.jpeg import JpegHeader, is_jpeg, is_whole, read_header, stated_size


def encode(h=40, w=70, mode="RGB", **options) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (h, w, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, "jpeg", **options)
    return stream.getvalue()


def orientation(value, order="II") -> bytes:
    """EXIF data with one entry: the orientation, a 16-bit number, in either byte order."""

    def pack(number, size):
        return number.to_bytes(size, "little" if order == "II" else "big")

    tiff = order.encode() + pack(42, 2) + pack(8, 4) + pack(1, 2)
    return b"Exif\0\0" + tiff + pack(0x0112, 2) + pack(3, 2) + pack(1, 4) + pack(value, 2) + bytes(6)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30, "optimize": True}])
def test_size_of_any_coding(mode, options):
    assert read_header(encode(mode=mode, **options)) == JpegHeader(40, 70, 1)


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_in_either_byte_order(order, value):
    header = read_header(encode(exif=orientation(value, order)))
    assert header == JpegHeader(40, 70, value)
    assert header.size() == ((70, 40) if value >= 5 else (40, 70))
    assert header.size(upright=False) == (40, 70)


def test_exif_without_an_orientation_means_upright():
    exif = Image.Exif()
    exif[0x010E] = "a text"
    assert read_header(encode(exif=exif)).orientation == 1


def test_exif_may_follow_the_size():
    content, exif = encode(), orientation(6)
    tables = content.index(b"\xff\xc4")  # they are between size and scan
    later = content[:tables] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[tables:]
    assert read_header(later) == JpegHeader(40, 70, 6)
    assert cv2.imdecode(np.frombuffer(later, np.uint8), cv2.IMREAD_COLOR).shape[:2] == (70, 40)


def test_doubtful_headers_are_left_to_the_decoder():
    good = orientation(6)
    table = good.index(b"\x12\x01")
    for bad in (
        orientation(9),
        orientation(0),
        b"Exif\0\0" + b"??" + good[8:],  # no byte order
        good[: table + 4],  # ends within the entry
        good[:10] + b"\xff\xff\0\0" + good[14:],  # table beyond the end
    ):
        assert read_header(encode(exif=bad)) is None
    once = encode(exif=good)
    twice = once[:2] + b"\xff\xe1" + (len(good) + 2).to_bytes(2, "big") + good + once[2:]
    assert read_header(once) is not None and read_header(twice) is None
    assert read_header(b"\xff\xd8\xff\xd9") is None


def test_whole_and_cut_files():
    content = encode(exif=orientation(1))
    assert is_jpeg(content) and is_whole(content)
    assert is_whole(content + b"\0" * 100)
    assert not is_whole(content[:-2])
    assert not is_jpeg(b"\x89PNG") and not is_jpeg(b"")


@pytest.mark.parametrize("end", range(0, 700, 23))
def test_no_beginning_of_a_file_makes_it_fail(end):
    content = encode(exif=orientation(3))[:end]
    assert read_header(content) in (None, JpegHeader(40, 70, 3))
    assert not is_whole(content)


def test_stray_bytes_leave_the_size_in_doubt_and_hide_no_cut():
    content = encode(comment=b"a preview: \xff\xd8\xff\xd9")
    tables = content.index(b"\xff\xdb")
    comment = content.index(b"\xff\xfe")
    for place in (comment, tables):
        stray = content[:place] + b"stray" + content[place:]
        assert cv2.imdecode(np.frombuffer(stray, np.uint8), cv2.IMREAD_COLOR).shape[:2] == (40, 70)
        assert read_header(stray) is None and stated_size(stray) == (40, 70)
        assert is_whole(stray) and not is_whole(stray[:-2])
    padded = content[:tables] + b"\xff" * 3 + content[tables:]
    assert read_header(padded) == JpegHeader(40, 70, 1)


def test_a_size_is_stated_before_the_scan_or_not_at_all():
    content = encode()
    frame, scan = content.index(b"\xff\xc0"), content.index(b"\xff\xda")
    assert stated_size(content) == stated_size(content[: frame + 9]) == (40, 70)
    assert stated_size(content[: frame + 8]) is None
    length = int.from_bytes(content[frame + 2 : frame + 4], "big") + 2
    assert stated_size(content[:frame] + content[frame + length : scan] + content[scan:]) is None
