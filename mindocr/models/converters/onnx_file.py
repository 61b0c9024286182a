"""Reads ONNX files: the protobuf wire format of the few messages that hold nodes and tensors.

Nothing of the file is executed or imported, and the package ``onnx`` is not needed. The numbers of the fields are those
of ``onnx.proto`` of the ONNX standard.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters import wire

_DTYPES = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 12: "<u4",
    13: "<u8",
}  # fmt: skip


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
        if path.stat().st_size > wire.LARGEST:
            raise CheckpointError(f"{path}: {path.stat().st_size} bytes; an ONNX file has at most {wire.LARGEST}")
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


def _model(data: memoryview) -> OnnxFile:
    graph: memoryview | None = None
    opset, producer = 0, ""
    metadata: dict[str, str] = {}
    for number, _, value in wire.fields(data):
        if number == 2:
            producer = wire.text(value)
        elif number == 7:
            graph = wire.message(value)
        elif number == 8:
            domain, version = "", 0
            for part, _, content in wire.fields(wire.message(value)):
                domain = wire.text(content) if part == 1 else domain
                version = wire.number(content) if part == 2 else version
            opset = version if domain in ("", "ai.onnx") else opset
        elif number == 14:
            pair = {part: wire.text(content) for part, _, content in wire.fields(wire.message(value))}
            metadata[pair.get(1, "")] = pair.get(2, "")
    if graph is None:
        raise ValueError("it holds no graph")
    return _graph(graph, opset, producer, metadata)


def _graph(data: memoryview, opset: int, producer: str, metadata: Mapping[str, str]) -> OnnxFile:
    nodes: list[Node] = []
    tensors: dict[str, np.ndarray] = {}
    inputs: list[str] = []
    outputs: list[str] = []
    for number, _, value in wire.fields(data):
        if number == 1:
            node = _node(wire.message(value))
            if node.op == "Constant" and isinstance(node.attributes.get("value"), np.ndarray):
                tensors[node.outputs[0]] = node.attributes["value"]
            else:
                nodes.append(node)
        elif number == 5:
            name, array = _tensor(wire.message(value))
            tensors[name] = array
        elif number in (11, 12):
            first = next((wire.text(content) for part, _, content in wire.fields(wire.message(value)) if part == 1), "")
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
    for number, _, value in wire.fields(data):
        if number == 1:
            inputs.append(wire.text(value))
        elif number == 2:
            outputs.append(wire.text(value))
        elif number == 3:
            name = wire.text(value)
        elif number == 4:
            op = wire.text(value)
        elif number == 5:
            key, content = _attribute(wire.message(value))
            attributes[key] = content
    return Node(op, tuple(inputs), tuple(outputs), attributes, name)


def _attribute(data: memoryview) -> tuple[str, Any]:
    name = ""
    single: Any = None
    many: list[Any] = []
    for number, form, value in wire.fields(data):
        if number == 1:
            name = wire.text(value)
        elif number == 2:
            single = _floats(value)[0]
        elif number == 3:
            single = wire.number(value)
        elif number == 4:
            single = wire.raw(value)
        elif number == 5:
            single = _tensor(wire.message(value))[1]
        elif number == 7:
            many += _floats(value)
        elif number == 8:
            many += wire.packed(value, form)
        elif number == 9:
            many.append(wire.raw(value))
    return name, many if single is None else single


def _floats(value: Any) -> list[float]:
    return np.frombuffer(wire.raw(value), "<f4").tolist()


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    dims: list[int] = []
    kind, name, raw = 0, "", None
    typed: list[np.ndarray] = []
    for number, form, value in wire.fields(data):
        if number == 1:
            dims += wire.packed(value, form)
        elif number == 2:
            kind = wire.number(value)
        elif number == 8:
            name = wire.text(value)
        elif number == 9:
            raw = wire.message(value)
        elif number in (13, 14) and (number == 13 or value):
            raise _ExternalDataError(name)
        elif number in (4, 10):
            typed.append(np.frombuffer(wire.raw(value), "<f4" if number == 4 else "<f8"))
        elif number in (5, 7, 11):
            typed.append(np.array(wire.packed(value, form), np.int64))
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
