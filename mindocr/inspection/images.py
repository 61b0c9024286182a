"""Inspection of one image: whether training can use it, its properties, and its hashes for comparison."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mindocr.errors import DataError
from mindocr.images.jpeg import is_jpeg, is_whole
from mindocr.images.read import IMAGE_FORMATS, read_image
from mindocr.utils.files import hash_bytes

HASH_SIDE, THUMB_SIDE = 32, 16
_LEAST_CONTRAST = 3.0  # grey levels; images of less contrast all look alike
_EXIF_ORIENTATION = 0x0112
_PLAIN_MODES = ("RGB", "L", "1")
_COMPLAINTS = ("Corrupt JPEG data", "Premature end of JPEG")
_HARMLESS = "extraneous bytes before marker 0xd9"  # some cameras append them to a complete image


class ImageFacts(NamedTuple):
    """Properties of an image.

    Attributes:
        size: (w, h) as used in training; (0, 0) when training cannot use the image.
        problem: kind of problem that prevents its use in training, or ``damaged_image``; empty = none.
        detail: details of that problem.
        orientation: EXIF orientation, 1 to 8; 1 = upright.
        odd_pixels: pixel format if it is not 8-bit grey or RGB; else empty.
        misnamed: its format if that differs from the file name ending; else empty.
        digest: hash of the file.
        look: perceptual hash, 64 bits; None for an image with too little contrast.
        thumb: (THUMB_SIDE ** 2,) uint8 bytes, a small grey image.
    """

    size: tuple[int, int] = (0, 0)
    problem: str = ""
    detail: str = ""
    orientation: int = 1
    odd_pixels: str = ""
    misnamed: str = ""
    digest: str = ""
    look: int | None = None
    thumb: bytes = b""

    @property
    def usable(self) -> bool:
        """Whether training can use the image."""
        return self.size != (0, 0)


def look_into(path: str, ignore_orientation: bool = False) -> ImageFacts:
    """Read and decode an image once, with the function that training uses.

    Args:
        path: the file.
        ignore_orientation: as in ``DecodeImage``.
    """
    try:
        content = Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ImageFacts(problem="missing_image", detail=path)
    except OSError as error:
        return ImageFacts(problem="undecodable_image", detail=f"cannot be read: {error.strerror}")
    with decoders_words() as words:
        try:
            image = read_image(path, ignore_orientation=ignore_orientation)
        except DataError as error:
            cut_short = is_jpeg(content) and not is_whole(content)
            kind = "cut_short_image" if cut_short else "undecodable_image"
            return ImageFacts(problem=kind, detail=str(error).removeprefix(f"{path}: "))
        complaint = words()
    orientation, odd, misnamed = _header(content, Path(path).suffix.lower())
    look, thumb = appearance(image)
    return ImageFacts(
        size=(image.shape[1], image.shape[0]),
        problem="damaged_image" if complaint else "",
        detail=complaint,
        orientation=orientation,
        odd_pixels=odd,
        misnamed=misnamed,
        digest=hash_bytes(content),
        look=look,
        thumb=thumb,
    )


def appearance(image: np.ndarray) -> tuple[int | None, bytes]:
    """Perceptual hash and thumbnail of an image; they do not depend on its size and aspect ratio.

    The hash has one bit for each of the 64 lowest frequencies, without the mean, of the cosine transform of the image
    at 32 x 32: whether it is above their median.

    Args:
        image: (H, W, 3) uint8 RGB.
    """
    small = cv2.resize(image, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    thumb = cv2.resize(grey, (THUMB_SIDE, THUMB_SIDE), interpolation=cv2.INTER_AREA)
    look = None
    if grey.std() >= _LEAST_CONTRAST:
        waves = cv2.dct(grey)
        lowest = np.append(waves[:8, :8].ravel()[1:], waves[0, 8])
        bits = np.packbits(lowest > np.median(lowest))
        look = int.from_bytes(bits.tobytes(), "big")
    return look, np.rint(thumb).astype(np.uint8).tobytes()


def _header(content: bytes, suffix: str) -> tuple[int, str, str]:
    """EXIF orientation, unusual pixel format, and file format if it differs from the suffix; empty = as expected."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            orientation = int(picture.getexif().get(_EXIF_ORIENTATION, 1))
            odd = "" if picture.mode in _PLAIN_MODES else f"mode {picture.mode}"
            form = "JPEG" if picture.format == "MPO" else str(picture.format)  # MPO: JPEG of a camera with a preview
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError):
        return 1, "", ""  # Pillow cannot read it, but OpenCV has decoded it
    misnamed = "" if IMAGE_FORMATS.get(suffix, form) == form else form
    return orientation if 1 <= orientation <= 8 else 1, odd, misnamed


@contextmanager
def decoders_words() -> Iterator[Callable[[], str]]:
    """Capture the messages of the decoders: libjpeg and libpng report damaged data only on stderr.

    Yields a function that returns their first message so far. Inside the block, stderr of the process is redirected.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)

        def words() -> str:
            file.seek(0)
            lines = file.read().decode("utf-8", errors="replace").splitlines()
            return next((line for line in lines if line.startswith(_COMPLAINTS) and _HARMLESS not in line), "")

        try:
            yield words
        finally:
            os.dup2(saved, 2)
            os.close(saved)
