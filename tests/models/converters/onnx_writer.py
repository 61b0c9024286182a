"""Writes small ONNX files for the tests, byte by byte, so that the reader is tested against the standard's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TYPES = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "float16": 10, "float64": 11}


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def single(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + np.float32(value).tobytes()


def tensor(name: str, array: np.ndarray, raw: bool = True) -> bytes:
    head = b"".join(number(1, size) for size in array.shape) + number(2, TYPES[array.dtype.name]) + block(8, name)
    if raw:
        return head + block(9, array.tobytes())
    if array.dtype == np.float32:
        return head + block(4, array.tobytes())
    return head + block(7, b"".join(varint(int(value)) for value in array.ravel()))


def attribute(name: str, value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return block(1, name) + block(5, tensor("", value)) + number(20, 4)
    if isinstance(value, float):
        return block(1, name) + single(2, value) + number(20, 1)
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return block(1, name) + block(4, value) + number(20, 3)
    return block(1, name) + b"".join(number(8, each) for each in value) + number(20, 7)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> bytes:
    parts = [block(1, name) for name in inputs] + [block(2, name) for name in outputs] + [block(4, op)]
    return b"".join([*parts, *(block(5, attribute(name, value)) for name, value in attributes.items())])


def model(
    nodes: Sequence[bytes],
    tensors: Mapping[str, np.ndarray] | None = None,
    metadata: Mapping[str, str] | None = None,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
) -> bytes:
    graph = b"".join(block(1, each) for each in nodes)
    graph += b"".join(block(5, tensor(name, array)) for name, array in (tensors or {}).items())
    graph += b"".join(block(11, block(1, name)) for name in inputs) + b"".join(
        block(12, block(1, name)) for name in outputs
    )
    about = b"".join(block(14, block(1, key) + block(2, value)) for key, value in (metadata or {}).items())
    return number(1, 7) + block(2, "tests") + block(7, graph) + block(8, number(2, 12)) + about
