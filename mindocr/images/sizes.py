"""Sizes of image files, read from their headers without decoding them."""

from __future__ import annotations

from pathlib import Path

from mindocr.errors import UserError
from mindocr.images import jpeg, lmdb_file, mindrecord
from mindocr.images.headers import Size, stated_size
from mindocr.images.lmdb_file import lmdb_of
from mindocr.images.mindrecord import shard_of

_HEAD = 1 << 16  # bytes in which the size usually stands; a photograph with a large preview needs the whole file


def upright_size(path: str | Path, ignore_orientation: bool = False) -> Size | None:
    """(h, w) of an image file as it is decoded, in pixels; None where its header does not state it.

    Args:
        path: the file.
        ignore_orientation: the size as stored, not turned upright by its EXIF data.
    """
    if lmdb_of(str(path)) is not None:  # first, as a benchmark has millions of them
        size = _size_inside(str(path), ignore_orientation)
        return size if size is not None and min(size) > 0 else None
    try:
        with Path(path).open("rb") as file:
            content = file.read(_HEAD)
            size = _size(content, ignore_orientation)
            if size is None:
                rest = file.read()
                size = _size(content + rest, ignore_orientation) if rest else None
    except (FileNotFoundError, NotADirectoryError):
        size = _size_inside(str(path), ignore_orientation)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None
    return size if size is not None and min(size) > 0 else None


def _size_inside(path: str, ignore_orientation: bool) -> Size | None:
    """The size of an image in an LMDB environment or a MindRecord file."""
    inside, shard = lmdb_of(path), shard_of(path)
    try:
        if inside is not None:
            return _size(lmdb_file.read_inside(*inside), ignore_orientation)
        return None if shard is None else _size(mindrecord.read_inside(path, shard), ignore_orientation)
    except UserError:
        return None


def _size(content: bytes, ignore_orientation: bool) -> Size | None:
    if not jpeg.is_jpeg(content):
        return stated_size(content)
    header = jpeg.read_header(content)
    return None if header is None else header.size(not ignore_orientation)
