"""An uploaded file as an image. Its kind, its end and its size are checked before memory is allocated for pixels."""

from __future__ import annotations

import numpy as np

from mindocr.errors import DataError
from mindocr.images.alpha import WHITE
from mindocr.images.headers import is_png, is_whole_png, stated_size
from mindocr.images.jpeg import is_jpeg, is_whole
from mindocr.images.read import decode, decoding_flags
from mindocr.serve.refusal import Refusal

KINDS = "JPEG, PNG, WebP, TIFF, BMP or GIF"
_SIGNATURES = (b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")


def check_picture(content: bytes, max_pixels: int) -> None:
    """Refuse a file that is not to be decoded.

    Args:
        content: the bytes of the file.
        max_pixels: largest width x height.

    Raises:
        Refusal: 400 for an empty file, 415 for another kind of file, 422 for a damaged one, 413 for too many pixels.
    """
    if not content:
        raise Refusal(400, f"the request holds no image (0 bytes); send a {KINDS}")
    if not content.startswith(_SIGNATURES) or (content.startswith(b"RIFF") and content[8:12] != b"WEBP"):
        raise Refusal(415, f"this is not an image that is read here: it begins with {content[:8]!r}; send a {KINDS}")
    if (is_jpeg(content) and not is_whole(content)) or (is_png(content) and not is_whole_png(content)):
        kind = "JPEG" if is_jpeg(content) else "PNG"
        raise Refusal(422, f"this {kind} ends before its end marker, after {len(content)} bytes; send it again")
    size = stated_size(content)
    if size is None or 0 in size:
        raise Refusal(422, "the header of this image is damaged: it states no size; save the image again")
    if size[0] * size[1] > max_pixels:
        raise Refusal(
            413,
            f"{size[1]} x {size[0]} pixels (w x h), {size[0] * size[1]} in all, above the limit of {max_pixels}; make "
            "the image smaller",
        )


def decode_picture(content: bytes, max_pixels: int) -> np.ndarray:
    """Decode a file as (H, W, 3) uint8 RGB, upright by its EXIF data, transparent parts white.

    Args:
        content: the bytes of the file.
        max_pixels: largest width x height.

    Raises:
        Refusal: as :func:`check_picture`, and 422 for a file that cannot be decoded.
    """
    check_picture(content, max_pixels)
    try:
        image = decode("the image", content, decoding_flags(rgb=True, ignore_orientation=False), WHITE)
    except DataError as error:
        raise Refusal(422, str(error)) from None
    if image.shape[0] * image.shape[1] > max_pixels:  # a header may state less than the file holds
        raise Refusal(413, f"decoded, the image has {image.shape[1]} x {image.shape[0]} pixels, above the limit")
    return image
