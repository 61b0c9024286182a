"""Reader of MATLAB 5 files with arrays of numbers, strings and cells, as some data sets use them.

SciPy reads them too, but there a damaged file can crash the process (three in a hundred flipped bytes do), and a small
file can unpack to gigabytes. Here every size is compared with the number of available bytes before memory is allocated.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError

_HEAD = 128  # bytes before the first element
_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR, _NUMBERS = 1, 4, range(6, 16)  # array classes
_COMPLEX = 0x800
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_ENCODINGS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_NAME_WITHIN = 4096  # the name of an array is in its first bytes
_DEEPEST = 20
_MOST, _MOST_TIMES = 64 << 20, 100  # bytes after unpacking, and ratio to the file size; real data sets: 3 to 10


def read_matlab(file: Path, variables: Sequence[str], expected: str) -> dict[str, Any]:
    """Read some variables of a MATLAB file; missing ones are omitted.

    Args:
        file: in the format of MATLAB 5 to 7.2.
        variables: their names.
        expected: what the file should be, for messages.

    Returns:
        By name: number arrays of the stored type, string arrays (one string per row of characters), and object arrays
        for cells; number arrays and cells have the shape that MATLAB stores.

    Raises:
        DataError: not such a file, or it unpacks to more than a hundred times its size.
    """
    try:
        return _read(file.read_bytes(), variables)
    except OSError as error:
        raise DataError(f"{file}: cannot read this file ({error.strerror}); expected {expected}") from None
    except (ValueError, struct.error, zlib.error) as error:
        raise DataError(f"{file}: cannot read this as a MATLAB 5 file ({error}); expected {expected}") from None


def _read(content: bytes, variables: Sequence[str]) -> dict[str, Any]:
    order = {b"IM": "<", b"MI": ">"}.get(content[_HEAD - 2 : _HEAD])
    if order is None:
        raise ValueError("the header is not that of a MATLAB 5 file")
    room = _MOST + _MOST_TIMES * len(content)
    found: dict[str, Any] = {}
    position = _HEAD
    while position < len(content):
        kind, count = struct.unpack_from(f"{order}II", content, position)
        body = memoryview(content)[position + 8 : position + 8 + count]
        if len(body) < count:
            raise ValueError(f"{count} bytes stated, {len(body)} available")
        position += 8 + count
        if kind == _COMPRESSED:
            begin = zlib.decompressobj().decompress(body, _NAME_WITHIN)
            if _Part(begin, order).name(8) not in variables:
                continue
            unpacked = _unpack(body, room)
            room -= len(unpacked)
            kind, body = _MATRIX, memoryview(unpacked)[8:]
        if kind == _MATRIX and (name := _Part(body, order).name(0)) in variables:
            found[name] = _Part(body, order).array(0, len(body))
    return found


def _unpack(body: memoryview, room: int) -> bytes:
    unpacker = zlib.decompressobj()
    unpacked = unpacker.decompress(body, room)
    if unpacker.unconsumed_tail:
        raise ValueError(f"more than {_MOST_TIMES} times its size once unpacked")
    return unpacked


class _Part:
    """A buffer of elements, with readers for the element at a position."""

    def __init__(self, content: bytes | memoryview, order: str) -> None:
        self._content = content
        self._order = order
        self._two = struct.Struct(f"{order}II").unpack_from

    def name(self, at: int) -> str:
        """Name of the array with flags at ``at``."""
        _, _, _, after_flags = self._element(at)
        _, _, _, after_shape = self._element(after_flags)
        _, start, count, _ = self._element(after_shape)
        return bytes(self._content[start : start + count]).decode("latin-1")

    def array(self, at: int, end: int, depth: int = 0) -> np.ndarray:
        """Array with flags at ``at``."""
        if at == end:
            return np.zeros((0, 0))
        if depth > _DEEPEST:
            raise ValueError(f"nested cells, deeper than {_DEEPEST}")
        _, start, _, at = self._element(at)
        flags = self._two(self._content, start)[0]
        _, start, count, at = self._element(at)
        shape = struct.unpack_from(f"{self._order}{count // 4}i", self._content, start)
        size = math.prod(shape)
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"an array of shape {shape[:4]}")
        at = self._element(at)[3]
        kind = flags & 0xFF
        if kind == _CELL:
            return self._cells(at, end, shape, size, depth)
        if kind not in (_CHAR, *_NUMBERS) or flags & _COMPLEX:
            raise ValueError(f"an array of class {kind}, which no data set holds")
        if not size:
            return np.zeros(0, dtype="U1") if kind == _CHAR else np.zeros(shape)
        stored, start, count, _ = self._element(at)
        data = self._content[start : start + count]
        return self._strings(data, stored, shape, size) if kind == _CHAR else self._numbers(data, stored, shape, size)

    def _element(self, at: int) -> tuple[int, int, int, int]:
        """(type, first byte of the data, number of bytes, first byte of the next element)."""
        kind, count = self._two(self._content, at)
        if kind >> 16:  # short form: data inside the tag
            kind, count, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start, after = at + 8, at + 8 + -(-count // 8) * 8
        if start + count > len(self._content):
            raise ValueError(f"an element of {count} bytes ends after the end of the data")
        return kind, start, count, after

    def _cells(self, at: int, end: int, shape: Sequence[int], size: int, depth: int) -> np.ndarray:
        if size > (end - at) // 8:
            raise ValueError(f"{size} cells in {end - at} bytes")
        cells = np.empty(size, dtype=object)
        for i in range(size):
            kind, start, count, at = self._element(at)
            if kind != _MATRIX:
                raise ValueError(f"an element of type {kind} among the cells")
            cells[i] = self.array(start, start + count, depth + 1)
        return cells.reshape(shape, order="F")

    def _numbers(self, data: bytes | memoryview, kind: int, shape: Sequence[int], size: int) -> np.ndarray:
        if kind not in _TYPES:
            raise ValueError(f"numbers of type {kind}")
        numbers = np.frombuffer(data, self._order + _TYPES[kind])
        if len(numbers) != size:
            raise ValueError(f"{len(numbers)} numbers for an array of shape {tuple(shape)}")
        return numbers.reshape(shape, order="F")

    def _strings(self, data: bytes | memoryview, kind: int, shape: Sequence[int], size: int) -> np.ndarray:
        if kind not in _ENCODINGS:
            raise ValueError(f"characters of type {kind}")
        suffix = {"<": "-le", ">": "-be"}[self._order] if kind in (4, 17, 18) else ""
        text = bytes(data).decode(_ENCODINGS[kind] + suffix, "replace")
        if len(text) != size:
            raise ValueError(f"{len(text)} characters for an array of shape {tuple(shape)}")
        if size == shape[-1]:  # one row, the usual case
            return np.array([text])
        rows = np.array(list(text), dtype="U1").reshape(shape, order="F")
        return np.array(["".join(row) for row in rows.reshape(-1, shape[-1])])
