"""Reads ONNX files: the protobuf wire format of the few messages that hold nodes and tensors.

Nothing of the file is executed or imported, and the package ``onnx`` is not needed. The numbers of the fields are those
of ``onnx.proto`` of the ONNX standard.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPES = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 12: "<u4",
    13: "<u8",
}  # fmt: skip
_LARGEST = 1 << 31  # bytes; protobuf itself allows no more
_DEEPEST = 16  # graphs within attributes of nodes of graphs


@dataclass(frozen=True)
class Node:
    """One operation of the graph.

    Attributes:
        op: type, such as ``Conv``.
        inputs, outputs: names of values; '' is an input that is left out.
        attributes: name -> int, float, bytes, array, or list of the first three.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class OnnxFile:
    """Content of an ONNX file.

    Attributes:
        nodes: in the order of the file, in which every node comes after those that compute its inputs.
        tensors: name -> array of each stored tensor: initialisers and outputs of ``Constant`` nodes.
        inputs, outputs: names of the graph's inputs (without initialisers) and outputs.
        opset: version of the standard operations.
        producer: program that wrote the file.
        metadata: texts that the producer stored.
    """

    nodes: tuple[Node, ...]
    tensors: Mapping[str, np.ndarray]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opset: int
    producer: str
    metadata: Mapping[str, str]


def read_onnx(path: str | Path) -> OnnxFile:
    """Read an ONNX file.

    Raises:
        CheckpointError: no such file, not an ONNX file, damaged or cut short, or with tensors in other files.
    """
    path = Path(path).expanduser()
    try:
        if path.stat().st_size > _LARGEST:
            raise CheckpointError(f"{path}: {path.stat().st_size} bytes; an ONNX file has at most {_LARGEST}")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return _model(memoryview(data))
    except _ExternalDataError as error:
        raise CheckpointError(
            f"{path}: the tensor '{error}' is stored in another file, which is not supported; save the model as one "
            "file (onnx.save without save_as_external_data)"
        ) from None
    except (ValueError, KeyError, IndexError, OverflowError, MemoryError, struct.error, RecursionError) as error:
        raise CheckpointError(
            f"{path}: not an ONNX file, or damaged or cut short ({error}); {len(data)} bytes, beginning with "
            f"{data[:8]!r}"
        ) from error


class _ExternalDataError(Exception):
    """A tensor that the file refers to and does not hold."""


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Yield (number, wire type, value) for each field of a message; values are int or memoryview."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        value: Any
        if wire == _VARINT:
            value, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32, _BYTES):
            if wire == _BYTES:
                size, position = _varint(data, position)
            else:
                size = 8 if wire == _FIXED64 else 4
            if position + size > end:
                raise ValueError(f"a field of {size} bytes ends {position + size - end} bytes after its message")
            value, position = data[position : position + size], position + size
        else:
            raise ValueError(f"wire type {wire} does not exist")
        yield number, wire, value


def _varint(data: memoryview, position: int) -> tuple[int, int]:
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


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _text(value: Any) -> str:
    return _raw(value).decode("utf-8", "replace")


def _raw(value: Any) -> bytes:
    if not isinstance(value, memoryview):
        raise ValueError("a number stands where a text or message is expected")
    return bytes(value)


def _message(value: Any) -> memoryview:
    if not isinstance(value, memoryview):
        raise ValueError("a number stands where a message is expected")
    return value


def _model(data: memoryview) -> OnnxFile:
    graph: memoryview | None = None
    opset, producer = 0, ""
    metadata: dict[str, str] = {}
    for number, _, value in _fields(data):
        if number == 2:
            producer = _text(value)
        elif number == 7:
            graph = _message(value)
        elif number == 8:
            domain, version = "", 0
            for part, _, content in _fields(_message(value)):
                domain = _text(content) if part == 1 else domain
                version = _number(content) if part == 2 else version
            opset = version if domain in ("", "ai.onnx") else opset
        elif number == 14:
            pair = {part: _text(content) for part, _, content in _fields(_message(value))}
            metadata[pair.get(1, "")] = pair.get(2, "")
    if graph is None:
        raise ValueError("it holds no graph")
    return _graph(graph, opset, producer, metadata)


def _graph(data: memoryview, opset: int, producer: str, metadata: Mapping[str, str]) -> OnnxFile:
    nodes: list[Node] = []
    tensors: dict[str, np.ndarray] = {}
    inputs: list[str] = []
    outputs: list[str] = []
    for number, _, value in _fields(data):
        if number == 1:
            node = _node(_message(value))
            if node.op == "Constant" and isinstance(node.attributes.get("value"), np.ndarray):
                tensors[node.outputs[0]] = node.attributes["value"]
            else:
                nodes.append(node)
        elif number == 5:
            name, array = _tensor(_message(value))
            tensors[name] = array
        elif number in (11, 12):
            first = next((_text(content) for part, _, content in _fields(_message(value)) if part == 1), "")
            (inputs if number == 11 else outputs).append(first)
    if not nodes:
        raise ValueError("its graph has no operations")
    given = tuple(name for name in inputs if name not in tensors)
    return OnnxFile(tuple(nodes), tensors, given, tuple(outputs), opset, producer, metadata)


def _node(data: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: dict[str, Any] = {}
    name = op = ""
    for number, _, value in _fields(data):
        if number == 1:
            inputs.append(_text(value))
        elif number == 2:
            outputs.append(_text(value))
        elif number == 3:
            name = _text(value)
        elif number == 4:
            op = _text(value)
        elif number == 5:
            key, content = _attribute(_message(value))
            attributes[key] = content
    return Node(op, tuple(inputs), tuple(outputs), attributes, name)


def _attribute(data: memoryview) -> tuple[str, Any]:
    name = ""
    single: Any = None
    many: list[Any] = []
    for number, wire, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            single = _floats(value)[0]
        elif number == 3:
            single = _number(value)
        elif number == 4:
            single = _raw(value)
        elif number == 5:
            single = _tensor(_message(value))[1]
        elif number == 7:
            many += _floats(value)
        elif number == 8:
            many += _packed(value, wire)
        elif number == 9:
            many.append(_raw(value))
    return name, many if single is None else single


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("a text stands where a number is expected")
    return _signed(value)


def _floats(value: Any) -> list[float]:
    return np.frombuffer(_raw(value), "<f4").tolist()


def _packed(value: Any, wire: int) -> list[int]:
    if wire == _VARINT:
        return [_signed(value)]
    data, position, numbers = _message(value), 0, []
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(_signed(number))
    return numbers


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    dims: list[int] = []
    kind, name, raw = 0, "", None
    typed: list[np.ndarray] = []
    for number, wire, value in _fields(data):
        if number == 1:
            dims += _packed(value, wire)
        elif number == 2:
            kind = _number(value)
        elif number == 8:
            name = _text(value)
        elif number == 9:
            raw = _message(value)
        elif number in (13, 14) and (number == 13 or value):
            raise _ExternalDataError(name)
        elif number in (4, 10):
            typed.append(np.frombuffer(_raw(value), "<f4" if number == 4 else "<f8"))
        elif number in (5, 7, 11):
            typed.append(np.array(_packed(value, wire), np.int64))
    if kind not in _DTYPES:
        raise ValueError(f"the tensor '{name}' has the type {kind}, which is not supported")
    dtype = np.dtype(_DTYPES[kind])
    if any(size < 0 for size in dims):
        raise ValueError(f"the tensor '{name}' has the shape {dims}")
    values = np.frombuffer(raw, dtype) if raw is not None else _from_typed(typed, dtype, kind)
    if values.size != _count(dims):
        raise ValueError(f"the tensor '{name}' has {values.size} values, its shape {dims} needs {_count(dims)}")
    return name, values.reshape(dims)


def _from_typed(parts: Sequence[np.ndarray], dtype: np.dtype, kind: int) -> np.ndarray:
    if not parts:
        return np.zeros(0, dtype)
    values = np.concatenate(parts)
    return values.astype(np.uint16).view(dtype) if kind == 10 else values.astype(dtype)


def _count(dims: Sequence[int]) -> int:
    count = 1
    for size in dims:
        count *= size
    return count
