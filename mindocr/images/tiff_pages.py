"""Pages of TIFF files: their number, and one page as a TIFF of its own, without reading the others.

A classic TIFF is a chain of tables (TIFF 6.0, section 2). Each table describes an image by tags; thumbnails, reduced
copies and masks, which a tag tells apart, are no pages.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mindocr.errors import DataError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # of the types, bytes
_KIND, _COMPRESSION, _OLD_JPEG = 254, 259, 6
_NO_PAGE = 1 | 4  # bits of _KIND: reduced copy, mask
_DATA = {273: 279, 324: 325}  # tag of the positions of the pixels -> tag of their lengths: strips, tiles
_POINTERS = (330, 34665, 34853, 40965)  # tags that point at further tables, which pixels do not need
_LONG = 4
_MOST_PAGES = 100_000
_LARGEST_VALUE = 64 << 20  # bytes of one tag


class _Entry(NamedTuple):
    tag: int
    kind: int
    number: int
    value: bytes  # 4 bytes as in the table


def count_pages(file: Path) -> int:
    """Number of pages; 0 if it is no classic TIFF.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as stream:
        return len(list(_pages(stream)))


def count_pages_in(content: bytes) -> int:
    """As :func:`count_pages`, for the bytes of a file."""
    return len(list(_pages(io.BytesIO(content))))


def read_page(file: Path, number: int) -> bytes:
    """A page, as the bytes of a TIFF with this page alone.

    Args:
        number: from 1.

    Raises:
        DataError: there is no such page, or the file is damaged.
    """
    try:
        with file.open("rb") as stream:
            tables = list(_pages(stream))
            if not 1 <= number <= len(tables):
                raise DataError(f"{file}#{number}: there is no such page; the file has {len(tables)}")
            order = _order(stream)
            entries = [each for each in _entries(stream, tables[number - 1], order) if each.tag not in _POINTERS]
            kinds = {each.tag: each for each in entries}
            if _COMPRESSION in kinds and _numbers(stream, kinds[_COMPRESSION], order)[0] == _OLD_JPEG:
                return _with_first_table(stream, tables[number - 1], order)  # its data are spread over the file
            return _alone(stream, entries, order)
    except (struct.error, OSError, KeyError, IndexError) as error:
        raise DataError(f"{file}#{number}: this TIFF is damaged or cut short ({error})") from None


def _order(stream: BinaryIO) -> str:
    """``<`` or ``>`` as struct takes it; empty if the file is no classic TIFF."""
    stream.seek(0)
    return {b"II*\0": "<", b"MM\0*": ">"}.get(stream.read(4), "")


def _pages(stream: BinaryIO) -> Iterator[int]:
    """Positions of the tables of pages; a chain that is broken or leads back ends there."""
    order = _order(stream)
    if not order:
        return
    seen: set[int] = set()
    try:
        (position,) = struct.unpack(f"{order}I", stream.read(4))
        while position and position not in seen and len(seen) < _MOST_PAGES:
            seen.add(position)
            entries = _entries(stream, position, order)
            (following,) = struct.unpack(f"{order}I", stream.read(4))
            kind = next((each for each in entries if each.tag == _KIND), None)
            if kind is None or not _numbers(stream, kind, order)[0] & _NO_PAGE:
                yield position
            position = following
    except (struct.error, IndexError):
        return


def _entries(stream: BinaryIO, position: int, order: str) -> list[_Entry]:
    """The table at a position; the stream is then behind it."""
    stream.seek(position)
    (count,) = struct.unpack(f"{order}H", stream.read(2))
    raw = stream.read(12 * count)
    return [_Entry(*struct.unpack_from(f"{order}HHI4s", raw, 12 * i)) for i in range(count)]


def _content(stream: BinaryIO, entry: _Entry, order: str) -> bytes:
    """All bytes of a tag's values."""
    size = _SIZES.get(entry.kind, 1) * entry.number
    if size <= 4:
        return entry.value[:size]
    if size > _LARGEST_VALUE:
        raise struct.error(f"tag {entry.tag} states {size} bytes")
    stream.seek(struct.unpack(f"{order}I", entry.value)[0])
    content = stream.read(size)
    if len(content) < size:
        raise struct.error(f"the values of tag {entry.tag} end after {len(content)} of {size} bytes")
    return content


def _numbers(stream: BinaryIO, entry: _Entry, order: str) -> tuple[int, ...]:
    """The values of a tag of whole numbers."""
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}[entry.kind]
    numbers: tuple[int, ...] = struct.unpack(f"{order}{entry.number}{letter}", _content(stream, entry, order))
    return numbers


def _alone(stream: BinaryIO, entries: list[_Entry], order: str) -> bytes:
    """A TIFF of one table, its values, and the pixels that it describes, in this order."""
    tags = {each.tag: each for each in entries}
    pieces: list[bytes] = []
    positions: dict[int, list[int]] = {}
    end = 8 + 2 + 12 * len(entries) + 4
    table: list[bytes] = []
    values: dict[int, bytes] = {
        each.tag: _content(stream, each, order) for each in entries if each.tag not in _DATA
    }  # fmt: skip
    behind = end + sum(len(content) for content in values.values() if len(content) > 4)
    behind += sum(4 * each.number for each in entries if each.tag in _DATA and each.number > 1)
    for tag, lengths in _DATA.items():
        if tag not in tags:
            continue
        sizes = _numbers(stream, tags[lengths], order)
        if sum(sizes) > stream.seek(0, io.SEEK_END):  # before memory is allocated for them
            raise struct.error(f"its pixels should have {sum(sizes)} bytes")
        positions[tag] = []
        for start, size in zip(_numbers(stream, tags[tag], order), sizes):
            stream.seek(start)
            piece = stream.read(size)
            if len(piece) < size:
                raise struct.error(f"the pixels end after {len(piece)} of {size} bytes")
            positions[tag].append(behind)
            pieces.append(piece)
            behind += size
    blobs: list[bytes] = []
    for each in entries:
        kind, content = each.kind, values.get(each.tag, b"")
        if each.tag in _DATA:
            kind, content = _LONG, struct.pack(f"{order}{len(positions[each.tag])}I", *positions[each.tag])
        field = content.ljust(4, b"\0")
        if len(content) > 4:
            field = struct.pack(f"{order}I", end)
            blobs.append(content)
            end += len(content)
        table.append(struct.pack(f"{order}HHI", each.tag, kind, each.number) + field)
    header = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    return b"".join([header, *table, b"\0\0\0\0", *blobs, *pieces])


def _with_first_table(stream: BinaryIO, position: int, order: str) -> bytes:
    """The whole file, with another table as its first."""
    stream.seek(0)
    content = stream.read()
    return content[:4] + struct.pack(f"{order}I", position) + content[8:]
