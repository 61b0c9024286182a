"""Which files need more than OpenCV's conversion to colour: those with transparency, or with more than 8 bits a value.

OpenCV drops transparency without a message, and divides 16-bit values by 256 even where a file uses only the lowest 8
bits. Headers show which files are concerned, so all others are decoded as fast as before.
"""

from __future__ import annotations

from enum import Enum

from mindocr.images.headers import is_png, is_tiff, png_chunk, tiff_tags
from mindocr.images.jpeg import is_jpeg

_BITS, _PHOTOMETRIC, _SAMPLES, _EXTRA, _FORMAT = 258, 262, 277, 338, 339  # tags of TIFF
_UNSPECIFIED, _PREMULTIPLIED = 0, 1  # values of _EXTRA
_GREY_OR_RGB = (0, 1, 2)  # values of _PHOTOMETRIC; the others have no transparency, and OpenCV converts them


class PixelForm(Enum):
    """How to decode a file."""

    PLAIN = "OpenCV converts it to colour"
    COMPLETE = "OpenCV decodes all channels at their depth"
    PILLOW = "Pillow decodes it, because OpenCV does not read the format or drops its transparency"


def pixel_form(content: bytes) -> PixelForm:
    """How to decode an image file, by its header."""
    if is_jpeg(content):
        return PixelForm.PLAIN
    if is_png(content):
        complete = content[24:25] == b"\x10" or content[25:26] in (b"\x04", b"\x06") or png_chunk(content, b"tRNS")
        return PixelForm.COMPLETE if complete else PixelForm.PLAIN
    if is_tiff(content):
        return _tiff(tiff_tags(content))
    if content.startswith((b"GIF87a", b"GIF89a")):
        return PixelForm.PILLOW
    transparent = _webp_has_alpha(content) or _bmp_has_alpha(content)
    return PixelForm.COMPLETE if transparent else PixelForm.PLAIN


def is_premultiplied(content: bytes) -> bool:
    """Whether OpenCV returns colours that are already multiplied by the opacity.

    A TIFF states whether its colours are. Where they are not, OpenCV multiplies those of 8 bits if the file states that
    the fourth channel is the opacity.
    """
    tags = tiff_tags(content) if is_tiff(content) else {}
    return tags.get(_EXTRA) == _PREMULTIPLIED or (_EXTRA in tags and tags.get(_BITS) == 8)


def _tiff(tags: dict[int, int]) -> PixelForm:
    if tags.get(_PHOTOMETRIC, 1) not in _GREY_OR_RGB:
        return PixelForm.PLAIN
    if tags.get(_BITS, 1) > 8 or tags.get(_FORMAT, 1) != 1:
        return PixelForm.COMPLETE
    if tags.get(_EXTRA) == _UNSPECIFIED:  # such as a fourth band of a satellite image
        return PixelForm.PLAIN
    return {2: PixelForm.PILLOW, 4: PixelForm.COMPLETE}.get(tags.get(_SAMPLES, 1), PixelForm.PLAIN)


def _webp_has_alpha(content: bytes) -> bool:
    if not (content.startswith(b"RIFF") and content[8:12] == b"WEBP" and len(content) >= 26):
        return False
    kind = content[12:16]
    return (kind == b"VP8X" and bool(content[20] & 0x10)) or (kind == b"VP8L" and bool(content[24] & 0x10))


def _bmp_has_alpha(content: bytes) -> bool:
    """Whether 32-bit pixels have a mask for the opacity; without one the fourth byte has no meaning."""
    if not content.startswith(b"BM") or len(content) < 70:
        return False
    has_mask = int.from_bytes(content[14:18], "little") >= 56 and any(content[66:70])
    return has_mask and content[28:29] == b"\x20" and content[30:31] == b"\x03"
