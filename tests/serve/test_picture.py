"""Which uploads are refused before they are decoded, and why."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))
import mutations
import pictures

from mindocr.serve.picture import check_picture, decode_picture
from mindocr.serve.refusal import Refusal

MANY = 10_000
BLUE = np.full((20, 30, 3), (200, 10, 10), np.uint8)  # in OpenCV's order


def encoded(ending: str, image: np.ndarray = BLUE) -> bytes:
    return cv2.imencode(ending, image)[1].tobytes()


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header states this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tiff", ".bmp"])
def test_formats_are_decoded_as_rgb(ending: str) -> None:
    image = decode_picture(encoded(ending), MANY)
    assert image.shape == (20, 30, 3)
    np.testing.assert_allclose(image[10, 15], (10, 10, 200), atol=12)


def test_a_gif_and_transparency() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (8, 6), (0, 0, 0, 0)).save(file, "GIF")
    assert decode_picture(file.getvalue(), MANY).shape == (6, 8, 3)
    file = io.BytesIO()
    Image.new("RGBA", (8, 6), (255, 0, 0, 0)).save(file, "PNG")
    assert (decode_picture(file.getvalue(), MANY) == 255).all()


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 400, "holds no image (0 bytes); send a JPEG"),
        (b"GIF is not what this is", 415, "begins with b'GIF is n'"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not an image that is read here"),
        (b"RIFF\0\0\0\0WAVEfmt ", 415, "not an image"),
        (encoded(".jpg")[:-20], 422, "this JPEG ends before its end marker"),
        (encoded(".png")[:-20], 422, "this PNG ends before its end marker"),
        (b"BM" + bytes(60), 422, "states no size"),
        (b"\xff\xd8\xff\xd9", 422, "states no size"),
        (bomb(50_000, 50_000), 413, "50000 x 50000 pixels (w x h), 2500000000 in all, above the limit of 10000"),
        (encoded(".png", np.zeros((101, 100, 3), np.uint8)), 413, "100 x 101 pixels"),
        (encoded(".webp")[:30] + bytes(100), 422, "not an image that OpenCV can decode"),
    ],
)
def test_refused_files(content: bytes, status: int, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode_picture(content, MANY)
    assert refused.value.status == status and message in refused.value.message


def test_the_limit_itself_is_allowed() -> None:
    check_picture(encoded(".png", np.zeros((100, 100, 3), np.uint8)), MANY)


@pytest.mark.parametrize("seed", range(60))
def test_a_spoilt_file_is_decoded_or_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = pictures.KINDS[seed % len(pictures.KINDS)](rng)
    for spoilt in (content, mutations.spoil(content, rng), content[: rng.integers(len(content))]):
        try:
            image = decode_picture(spoilt, 1_000_000)
        except Refusal as refusal:
            assert refusal.status in (400, 413, 415, 422) and 10 < len(refusal.message) < 1000
        else:
            assert image.ndim == 3 and image.dtype == np.uint8 and image.shape[0] * image.shape[1] <= 1_000_000
