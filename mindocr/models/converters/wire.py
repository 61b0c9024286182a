"""The wire format of protobuf messages: numbered fields that hold a number or bytes.

What the numbers mean is up to the reader of a message. Every function raises ``ValueError`` for a damaged message.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LARGEST = 1 << 31  # bytes of a file; protobuf itself allows no more


def fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Yield (number, wire type, value) for each field of a message; values are int or memoryview."""
    position, end = 0, len(data)
    while position < end:
        key, position = varint(data, position)
        number, form = key >> 3, key & 7
        value: Any
        if form == VARINT:
            value, position = varint(data, position)
        elif form in (FIXED64, FIXED32, BYTES):
            if form == BYTES:
                size, position = varint(data, position)
            else:
                size = 8 if form == FIXED64 else 4
            if position + size > end:
                raise ValueError(f"a field of {size} bytes ends {position + size - end} bytes after its message")
            value, position = data[position : position + size], position + size
        else:
            raise ValueError(f"wire type {form} does not exist")
        yield number, form, value


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """The number of 64 bits without a sign at a position, and the position behind it."""
    value = shift = 0
    while True:
        if position >= len(data):
            raise ValueError("a number is cut short")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def signed(value: int) -> int:
    """A number of 64 bits as one with a sign."""
    return value - (1 << 64) if value >> 63 else value


def text(value: Any) -> str:
    """The value of a field as a text."""
    return raw(value).decode("utf-8", "replace")


def raw(value: Any) -> bytes:
    """A copy of the bytes of a field."""
    if not isinstance(value, memoryview):
        raise ValueError("a number stands where a text or message is expected")
    return bytes(value)


def message(value: Any) -> memoryview:
    """The bytes of a field, without a copy."""
    if not isinstance(value, memoryview):
        raise ValueError("a number stands where a message is expected")
    return value


def number(value: Any) -> int:
    """The value of a field as a number with a sign."""
    if not isinstance(value, int):
        raise ValueError("a text stands where a number is expected")
    return signed(value)


def packed(value: Any, form: int) -> list[int]:
    """Numbers of a repeated field, one or all of them in one value; ``form``: the wire type of the field."""
    if form == VARINT:
        return [signed(value)]
    data, position, numbers = message(value), 0, []
    while position < len(data):
        number, position = varint(data, position)
        numbers.append(signed(number))
    return numbers


def single(value: Any) -> float:
    """The value of a field of 32 bits as a number."""
    data = raw(value)
    if len(data) != 4:
        raise ValueError(f"{len(data)} bytes stand where a number of 4 bytes is expected")
    return float(struct.unpack("<f", data)[0])
