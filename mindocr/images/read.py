"""Image files as arrays, turned upright by their EXIF data."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.alpha import WHITE, Alpha, Background, background
from mindocr.images.complete import decode_complete
from mindocr.images.headers import Size, is_png, is_tiff, is_whole_png, stated_size, without_animation
from mindocr.images.jpeg import JpegHeader, is_jpeg, is_whole, read_header
from mindocr.images.lmdb_file import lmdb_of
from mindocr.images.lmdb_file import read_inside as read_inside_lmdb
from mindocr.images.mindrecord import read_inside, shard_of
from mindocr.images.pages import DPI, Page, is_pdf, page_of, read_page
from mindocr.images.pixel_form import PixelForm, pixel_form
from mindocr.images.tiff_pages import count_pages_in

# Endings of the files that are read, each with the name that Pillow has for its format.
IMAGE_FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".bmp": "BMP", ".dib": "BMP",
    ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".gif": "GIF",
}  # fmt: skip
IMAGE_SUFFIXES = tuple(IMAGE_FORMATS)

logger = logging.getLogger(__name__)
_told_pages: set[str] = set()

_REDUCING = {1: 0, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


MAX_PIXELS = 1 << 27  # 0.4 GB when decoded; the largest cameras have slightly fewer pixels
LARGE_PIXELS = 400_000_000  # of an image that is cut into tiles: 1.2 GB when decoded
_LARGE = 1 << 26  # pixels from which an image is decoded without a copy
_LARGER = f"; predicting and reading with --tile auto take up to {LARGE_PIXELS}"


@dataclass(frozen=True)
class Picture:
    """An image of known size that is decoded later.

    Attributes:
        size: (h, w) of the complete image in pixels.
        decode: returns (ceil(h / factor), ceil(w / factor), 3) uint8 for a factor of 1, 2, 4 or 8; one pixel of the
            result covers ``factor`` x ``factor`` pixels of the image, counted from the top left.
        largest_factor: largest factor that ``decode`` accepts.
    """

    size: Size
    decode: Callable[[int], np.ndarray]
    largest_factor: int = 1


def read_image(
    path: str | Path,
    *,
    rgb: bool = True,
    ignore_orientation: bool = False,
    alpha: Alpha = "white",
    max_pixels: int = MAX_PIXELS,
    dpi: float = DPI,
) -> np.ndarray:
    """Read an image as (H, W, 3) uint8; grey becomes colour, 16 bits become 8.

    Args:
        path: the file, or a page of a document such as ``file.pdf#2``.
        rgb: channel order: True = RGB, False = BGR.
        ignore_orientation: do not rotate the image upright by its EXIF data.
        alpha: background for transparent parts, see :func:`mindocr.images.alpha.background`.
        max_pixels: an image with more pixels is refused.
        dpi: pixels per inch at which a page of a PDF is rendered.

    Raises:
        DataError: the file is missing, empty, truncated, too large, or OpenCV cannot decode it.
    """
    return decode(path, read_file(path, max_pixels, dpi), decoding_flags(rgb, ignore_orientation), background(alpha))


def read_file(path: str | Path, max_pixels: int = MAX_PIXELS, dpi: float = DPI) -> bytes:
    """The bytes of an image file, of one in a MindRecord or LMDB file, or of a page of a PDF or TIFF.

    Args:
        max_pixels, dpi: as for :func:`read_image`.

    Raises:
        DataError: the file is missing, empty or damaged, a truncated JPEG or PNG, or states more pixels than
            ``max_pixels``.
    """
    page = page_of(path)
    content = _content(path) if page is None else read_page(page, dpi, max_pixels)
    if not content:
        raise DataError(f"{path}: this image file is empty (0 bytes); copy it again or leave it out")
    if content.startswith(b"%PDF") or (is_pdf(path) and page is None):
        read_page(Page(str(path), 1), dpi, max_pixels)  # says what is wrong with a damaged one
        raise DataError(f"{path}: a PDF holds pages; name one of them, such as {path}#1")
    if page is None and is_tiff(content):
        _tell_pages(path, content)
    kind = "JPEG" if is_jpeg(content) else "PNG" if is_png(content) else ""
    if (kind == "JPEG" and not is_whole(content)) or (kind == "PNG" and not is_whole_png(content)):
        raise DataError(
            f"{path}: this {kind} ends before its end marker, after {len(content)} bytes: it was cut short; "
            "copy it again or leave it out"
        )
    size = stated_size(content)
    if size is not None and size[0] * size[1] > max_pixels:
        raise DataError(
            f"{path}: {size[1]} x {size[0]} pixels (w x h), {size[0] * size[1]} in all, above the limit of "
            f"{max_pixels}; make the image smaller, or raise max_pixels of DecodeImage in the transform_pipeline"
            f"{_LARGER if max_pixels == MAX_PIXELS else ''}"
        )
    return content


def _tell_pages(path: str | Path, content: bytes) -> None:
    """Mention once that a TIFF has further pages."""
    pages = count_pages_in(content)
    if pages > 1 and str(path) not in _told_pages:
        _told_pages.add(str(path))
        logger.warning("%s: the first of its %d pages is read; %s#2 is the second", path, pages, path)


def _content(path: str | Path) -> bytes:
    inside = lmdb_of(str(path))
    if inside is not None:
        return read_inside_lmdb(*inside)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  takes half the time of Path.stat
        if not S_ISREG(mode) and not S_ISDIR(mode):  # reading a pipe would block, /dev/zero would never end
            raise DataError(f"{path}: not a file but a pipe or a device; check the label file")
        with open(path, "rb") as stream:  # noqa: PTH123  takes half the time of Path.read_bytes
            return stream.read()
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        shard = shard_of(str(path)) if isinstance(error, NotADirectoryError) else None
        if shard is not None:
            return read_inside(str(path), shard)
        raise DataError(f"{path}: cannot read this image: {getattr(error, 'strerror', error)}") from None


def decoding_flags(rgb: bool, ignore_orientation: bool) -> int:
    flags = cv2.IMREAD_COLOR_RGB if rgb else cv2.IMREAD_COLOR
    return flags | cv2.IMREAD_IGNORE_ORIENTATION if ignore_orientation else flags


def open_image(path: str, content: bytes, flags: int, behind: Background = WHITE) -> Picture:
    header = read_header(content) if is_jpeg(content) else None
    if header is None:
        return as_picture(decode(path, content, flags, behind))
    upright = not flags & cv2.IMREAD_IGNORE_ORIENTATION
    h, w = size = header.size(upright)

    def decode_at(factor: int) -> np.ndarray:
        image = decode(path, content, flags | _REDUCING[factor])
        expected = (-(-h // factor), -(-w // factor))
        if image.shape[:2] != expected:
            raise DataError(f"{path}: its headers state {expected} pixels (h, w), decoded: {image.shape[:2]}")
        return image

    return Picture(size, decode_at, _largest_factor(header, upright))


def as_picture(image: np.ndarray) -> Picture:
    return Picture((image.shape[0], image.shape[1]), lambda _: image)


def _largest_factor(header: JpegHeader, upright: bool) -> int:
    """A rotated image must be divisible by the factor: its last, partly covered pixels would come first."""
    turned = upright and header.orientation > 1
    fitting = [f for f in _REDUCING if not turned or header.height % f == header.width % f == 0]
    return max(fitting)


def decode(path: str | Path, content: bytes, flags: int, behind: Background = WHITE) -> np.ndarray:
    """Decode the bytes of an image file as (H, W, 3) uint8.

    Args:
        path: the file, for messages.
        flags: see :func:`decoding_flags`.
        behind: background for transparent parts; None = the opacity is ignored.

    Raises:
        DataError: the image cannot be decoded.
    """
    still = without_animation(content)
    as_stored, content = still is content, still
    form = pixel_form(content)
    try:
        if form is PixelForm.PLAIN:
            image = _decode_large(path, content, flags) if as_stored else None
            if image is None:
                image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags)
        else:
            rgb, upright = bool(flags & cv2.IMREAD_COLOR_RGB), not flags & cv2.IMREAD_IGNORE_ORIENTATION
            image = decode_complete(path, content, form, behind, rgb=rgb, upright=upright)
    except cv2.error as error:
        raise DataError(f"{path}: OpenCV cannot decode this image: {error.err}") from None
    if image is None:
        by_pillow = form is PixelForm.PILLOW
        problem = "not an image that Pillow can decode" if by_pillow else "not an image that OpenCV can decode"
        raise DataError(
            f"{path}: {problem} ({len(content)} bytes, beginning with {content[:8]!r}); convert it to JPEG or PNG, or "
            "leave it out"
        )
    return image


def _decode_large(path: str | Path, content: bytes, flags: int) -> np.ndarray | None:
    """A large image file, decoded into its array; None if it is small, no file of its own, or turned by its EXIF data.

    ``cv2.imdecode`` decodes into memory of its own and copies that, so a large image would need twice its memory.
    """
    size = stated_size(content)
    plain = not flags & ~(cv2.IMREAD_COLOR | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if size is None or size[0] * size[1] < _LARGE or not plain or not os.path.isfile(path):  # noqa: PTH113
        return None
    image = cv2.imread(os.fspath(path), np.empty((*size, 3), dtype=np.uint8), flags)
    return image if image is not None and image.shape[:2] == size else None
