"""Changes an ONNX file in place: weights that are almost 0 become 0, and entries are added to its metadata.

Everything else stays byte by byte what it was, so the file computes what it computed, in any version of the format.
The numbers of the fields are those of ``onnx.proto``, as in ``onnx_file.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mindocr.models.converters import wire
from mindocr.models.converters.onnx_layers import TINY

_FLOAT = 1  # type of a tensor


def without_tiny_weights(content: bytes) -> tuple[bytearray, int]:
    """The file with 0 for every weight closer to 0 than 1e-30, and how many weights that changed.

    Weight decay leaves such weights. They change no result, but arithmetic with denormal numbers, those below 1.2e-38,
    takes up to a hundred times as long on CPUs.

    Raises:
        ValueError: the file is damaged.
    """
    changed = bytearray(content)
    count = 0
    for values in _float_arrays(memoryview(changed)):
        tiny = (np.abs(values) < TINY) & (values != 0)
        count += int(tiny.sum())
        values[tiny] = 0
    return changed, count


def with_metadata(content: bytes | bytearray, entries: Mapping[str, str]) -> bytes:
    """The file with further entries in its metadata.

    Fields may stand in any order, so they are put behind the rest. Of two entries of one name the last counts.
    """
    added = b""
    for key, value in entries.items():
        pair = _field(1, key.encode()) + _field(2, value.encode("utf-8", "surrogatepass"))
        added += _field(14, pair)
    return bytes(content) + added


def _float_arrays(model: memoryview) -> Iterator[np.ndarray]:
    """The float32 values of each tensor with several of them, as arrays that share the memory of the file."""
    for graph in _messages(model, 7):
        for node in _messages(graph, 1):
            for attribute in _messages(node, 5):
                for tensor in _messages(attribute, 5):
                    yield from _values(tensor)
        for tensor in _messages(graph, 5):
            yield from _values(tensor)


def _values(tensor: memoryview) -> Iterator[np.ndarray]:
    parts = list(wire.fields(tensor))
    kinds = [wire.number(value) for number, _, value in parts if number == 2]
    if kinds and kinds[-1] == _FLOAT:
        for number, _, value in parts:
            if number in (4, 9) and len(value) > 4:
                yield np.frombuffer(wire.message(value), "<f4")


def _messages(data: memoryview, wanted: int) -> Iterator[memoryview]:
    return (wire.message(value) for number, _, value in wire.fields(data) if number == wanted)


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes."""
    return _varint(number << 3 | wire.BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
