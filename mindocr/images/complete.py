"""Decoding of images with transparency or with more than 8 bits a value, see :mod:`mindocr.images.pixel_form`."""

from __future__ import annotations

import io
import logging
import struct
from pathlib import Path

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.alpha import Background, composite
from mindocr.images.depth import to_eight_bits
from mindocr.images.headers import is_png, png_chunk
from mindocr.images.jpeg import tiff_orientation
from mindocr.images.pixel_form import PixelForm, is_premultiplied

logger = logging.getLogger(__name__)

_told: set[str] = set()  # interpretations that this process has mentioned


def decode_complete(
    path: str | Path, content: bytes, form: PixelForm, behind: Background, *, rgb: bool, upright: bool
) -> np.ndarray | None:
    """Decode an image file of ``form`` as (H, W, 3) uint8; None if it cannot be decoded.

    Args:
        path: the file, for messages.
        content: its bytes.
        behind: background for transparent parts.
        rgb: channel order of the result: True = RGB, False = BGR.
        upright: rotate a PNG by its EXIF data, as OpenCV does.

    Raises:
        DataError: the image has another number of channels than 1, 3 or 4.
    """
    if form is PixelForm.PILLOW:
        return _with_pillow(content, behind, rgb)
    values = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        return None
    channels = 1 if values.ndim == 2 else values.shape[2]
    if channels not in (1, 3, 4):
        raise DataError(f"{path}: an image with {channels} channels; save it as grey or RGB")
    colours = values.reshape(*values.shape[:2], channels)[..., :3]
    image, meaning = to_eight_bits(colours)
    if meaning:
        _tell(path, meaning)
    if channels == 1:
        image = np.repeat(image, 3, axis=2)
    opacity = None if behind is None else _opacity(values, content)
    if opacity is not None and behind is not None:
        image = composite(image, opacity, behind[::-1], premultiplied=is_premultiplied(content))
    if upright and is_png(content):
        image = _turn(image, tiff_orientation(png_chunk(content, b"eXIf") or b"") or 1)
    return np.ascontiguousarray(image[..., ::-1] if rgb else image)


def _opacity(values: np.ndarray, content: bytes) -> np.ndarray | None:
    """Opacity (H, W) uint8; None if the image has none."""
    if values.ndim == 3 and values.shape[2] == 4:
        opacity = values[..., 3]
        if opacity.dtype == np.uint16:
            low = 0 < values[..., :3].max() <= 255 and opacity.max() <= 255  # 8-bit values, as those of the colours
            return (opacity if low else opacity >> 8).astype(np.uint8)
        opacity = to_eight_bits(opacity)[0]
        # A bitmap without any opaque pixel comes from a program that does not write the channel.
        return None if content.startswith(b"BM") and not opacity.any() else opacity
    if values.ndim == 2 and is_png(content) and (transparent := png_chunk(content, b"tRNS")):
        bits = content[24]  # OpenCV has scaled values of fewer than 8 bits to 0-255
        grey = int.from_bytes(transparent[:2], "big") * (255 // (2**bits - 1) if bits < 8 else 1)
        return np.where(values == grey, 0, 255).astype(np.uint8)
    return None


def _with_pillow(content: bytes, behind: Background, rgb: bool) -> np.ndarray | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as file:
            values = np.asarray(file.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, LookupError, EOFError, struct.error, Image.DecompressionBombError):
        return None  # what Pillow raises for damaged files
    image = values[..., :3] if behind is None else composite(values[..., :3], values[..., 3], behind)
    return np.ascontiguousarray(image if rgb else image[..., ::-1])


def _turn(image: np.ndarray, orientation: int) -> np.ndarray:
    """Rotate and mirror an image as its EXIF orientation, 1 to 8, says."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return image[::rows, ::columns]


def _tell(path: str | Path, meaning: str) -> None:
    """Mention an interpretation once; further files may differ only in their largest value."""
    kind = meaning.rpartition(";")[2]
    if kind not in _told:
        _told.add(kind)
        logger.warning("%s: %s; further files of this kind are read in the same way without a message", path, meaning)
