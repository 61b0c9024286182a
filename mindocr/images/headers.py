"""Checks of an image file before it is decoded: its size is read before memory is allocated for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mindocr.images import jpeg

Size = tuple[int, int]  # (h, w)

_PNG = b"\x89PNG\r\n\x1a\n"
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_SHORTEST = 26  # bytes of a header


def stated_size(content: bytes) -> Size | None:
    """(h, w) as stored in a JPEG, PNG, GIF, BMP, WebP or TIFF; None for other files and for broken headers."""
    if jpeg.is_jpeg(content):
        return jpeg.stated_size(content)
    if len(content) < _SHORTEST:
        return None
    return next((read(content) for magic, read in _READERS.items() if content.startswith(magic)), None)


def is_png(content: bytes) -> bool:
    """Whether a file begins with the PNG signature."""
    return content.startswith(_PNG)


def is_whole_png(content: bytes) -> bool:
    """Whether every chunk up to the last one is complete.

    OpenCV 4.11 allocates as much memory as a chunk header states, even if the file is shorter.
    """
    return any(kind == b"IEND" and end <= len(content) for kind, _, end in _chunks(content))


def png_chunk(content: bytes, kind: bytes) -> bytes | None:
    """The data of the first chunk of that kind before the pixels of a PNG; None if there is none."""
    for name, start, end in _chunks(content):
        if name == kind:
            return content[start + 8 : end - 4]
        if name == b"IDAT":
            return None
    return None


def is_tiff(content: bytes) -> bool:
    """Whether a file begins with the signature of a TIFF of up to 4 GiB."""
    return content.startswith((b"II*\0", b"MM\0*"))


def tiff_tags(content: bytes) -> dict[int, int]:
    """The first value of each tag of a TIFF's first image, for tags of whole numbers; empty for a broken table."""
    big = content[:1] == b"M"
    table = _number(content, 4, 4, big)
    found: dict[int, int] = {}
    for i in range(_number(content, table, 2, big)):
        entry = table + 2 + 12 * i
        if entry > len(content):
            return {}
        size = 2 if _number(content, entry + 2, 2, big) == 3 else 4
        fits = size * _number(content, entry + 4, 4, big) <= 4  # otherwise the entry holds the position of the values
        at = entry + 8 if fits else _number(content, entry + 8, 4, big)
        found[_number(content, entry, 2, big)] = _number(content, at, size, big)
    return found


def without_animation(content: bytes) -> bytes:
    """A PNG reduced to its first frame; other files unchanged.

    OpenCV 4.11 reads animated PNG files, and some damaged ones crash the process.
    """
    if not is_png(content) or not any(kind in content for kind in _ANIMATION):
        return content
    kept = [content[start:end] for kind, start, end in _chunks(content) if kind not in _ANIMATION]
    return b"".join([_PNG, *kept])


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of each chunk of a PNG; the last may end beyond the file."""
    position = len(_PNG)
    while position < len(content):
        end = position + 12 + _number(content, position, 4, big=True)
        yield content[position + 4 : position + 8], position, end
        position = end


def _number(content: bytes, at: int, size: int, big: bool = False) -> int:
    return int.from_bytes(content[at : at + size], "big" if big else "little")


def _png(content: bytes) -> Size:
    return _number(content, 20, 4, big=True), _number(content, 16, 4, big=True)


def _gif(content: bytes) -> Size:
    return _number(content, 8, 2), _number(content, 6, 2)


def _bmp(content: bytes) -> Size:
    if _number(content, 14, 4) == 12:  # the OS/2 header
        return _number(content, 20, 2), _number(content, 18, 2)
    height = _number(content, 22, 4)
    return min(height, 2**32 - height), _number(content, 18, 4)  # a negative height: rows from the top


def _webp(content: bytes) -> Size | None:
    kind = content[12:16]
    if content[8:12] != b"WEBP":
        return None
    if kind == b"VP8X":
        return _number(content, 27, 3) + 1, _number(content, 24, 3) + 1
    if kind == b"VP8L":
        bits = _number(content, 21, 4)
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    return _number(content, 28, 2) & 0x3FFF, _number(content, 26, 2) & 0x3FFF


def _tiff(content: bytes) -> Size | None:
    found = tiff_tags(content)
    return (found[257], found[256]) if {256, 257} <= found.keys() else None


_READERS: dict[bytes, Callable[[bytes], Size | None]] = {
    _PNG: _png, b"GIF8": _gif, b"BM": _bmp, b"RIFF": _webp, b"II*\0": _tiff, b"MM\0*": _tiff,
}  # fmt: skip
