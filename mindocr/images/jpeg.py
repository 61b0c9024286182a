"""Facts from the headers of a JPEG, without decoding: its size, its EXIF orientation, and whether it is complete.

All three come from one pass over the header segments. It skips stray bytes between them, as decoders do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, of any coding; the others are tables
_SCAN = 0xDA
_ALONE = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xDA)))  # markers without a segment: stuffing, padding, restart
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112


class JpegHeader(NamedTuple):
    """Size as stored, in pixels, and the EXIF orientation, 1-8; from 5 on, a viewer swaps width and height."""

    height: int
    width: int
    orientation: int

    def size(self, upright: bool = True) -> tuple[int, int]:
        """(h, w), as a viewer shows the image when ``upright``, else as stored."""
        return (self.width, self.height) if upright and self.orientation >= 5 else (self.height, self.width)


def is_jpeg(content: bytes) -> bool:
    """Whether a file begins with the JPEG marker."""
    return content[:2] == b"\xff\xd8"


def is_whole(content: bytes) -> bool:
    """Whether an end marker follows the first scan; those of a preview inside the headers do not count.

    OpenCV fills the missing part of a truncated file with grey, without a message.
    """
    position = 2
    for marker, start, end in _segments(content):
        position = start if marker == _SCAN else end
    return content.rfind(b"\xff\xd9", min(position, len(content))) >= 0  # usually last: faster from the end


def stated_size(content: bytes) -> tuple[int, int] | None:
    """(h, w) as stored, 0 where the headers do not define it; None where no frame header precedes the first scan."""
    frames = (start for marker, start, _ in _segments(content) if marker in _FRAMES and start + 5 <= len(content))
    return next((_frame_size(content, start) for start in frames), None)


def read_header(content: bytes) -> JpegHeader | None:
    """Size and orientation; None where the headers are ambiguous, so that the image must be decoded."""
    size: tuple[int, int] | None = None
    orientation = None
    last_end = 2  # of the last segment
    for marker, start, end in _segments(content):
        if start - 4 != last_end and content[last_end : start - 4].strip(b"\xff"):
            return None  # stray bytes between the segments
        last_end = end
        if marker == 0xE1 and content[start : start + 6] == _EXIF:
            found = tiff_orientation(content[start + 6 : end])
            if found is None or orientation is not None:
                return None
            orientation = found
        elif marker in _FRAMES and end - start >= 6:
            size = _frame_size(content, start)
    return JpegHeader(*size, orientation or 1) if size is not None and all(size) else None


_latest: tuple[bytes, list[tuple[int, int, int]]] = b"", []


def _segments(content: bytes) -> list[tuple[int, int, int]]:
    """(marker, first byte, end) of each header segment's content, up to and including the first scan.

    Those of the latest file are kept, as several functions look at a file before it is decoded.
    """
    global _latest
    held, segments = _latest  # read and replaced at once, so that threads do not disturb each other
    if held is not content:
        segments = list(_find_segments(content))
        _latest = content, segments
    return segments


def _find_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    position, last = 2, len(content) - 4
    while 0 <= position <= last:
        marker = content[position + 1] if content[position] == 0xFF else 0
        if marker in _ALONE:
            position = content.find(b"\xff", position + 1)
            continue
        end = position + 2 + (content[position + 2] << 8 | content[position + 3])
        yield marker, position + 4, end
        if marker == _SCAN:
            return
        position = end


def _frame_size(content: bytes, start: int) -> tuple[int, int]:
    return int.from_bytes(content[start + 1 : start + 3], "big"), int.from_bytes(content[start + 3 : start + 5], "big")


def tiff_orientation(tiff: bytes) -> int | None:
    """The orientation in EXIF data, 1 where there is none, None where the TIFF structure is invalid."""
    order: dict[bytes, str] = {b"II*\0": "little", b"MM\0*": "big"}
    if tiff[:4] not in order or len(tiff) < 8:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order[tiff[:4]])  # type: ignore[arg-type]

    table = number(4, 4)
    if table + 2 > len(tiff):
        return None
    for i in range(number(table, 2)):
        entry = table + 2 + 12 * i
        if entry + 12 > len(tiff):
            return None
        if number(entry, 2) == _ORIENTATION:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else None
    return 1
