"""The operations of a MindIR file as a plain list, for those who write the same network in another format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import UserError

# TensorProto.DataType of MindSpore's mind_ir.proto
_DTYPES = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 12: "<u4",
    13: "<u8", 17: "<f8",
}  # fmt: skip
_ORDER = {"UpdateState", "Depend", "Load"}  # keep side effects in order; in evaluation there are none


@dataclass(frozen=True)
class Op:
    """One operation.

    Attributes:
        kind: MindSpore's name, such as ``Conv2D``.
        inputs: names of values: an input of the graph, a parameter, a constant, or the output of an earlier operation.
        output: name of its result, which may be a tuple.
        attributes: its settings.
        scope: the layer that it comes from, such as ``Default/neck-DBFPN/out-CellList/0-Conv2d``.
        shape: of its result, -1 = depends on the image; None if the result is not one tensor.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]
    scope: str
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class MindIRGraph:
    """A network.

    Attributes:
        ops: each after those that compute its inputs.
        input: name of the image.
        input_shape: its shape; -1 = any size.
        output: name of the result, a tensor or a tuple of tensors.
        parameters: name -> array of each weight.
        constants: name -> number, text, array, None, or tuple of them.
    """

    ops: tuple[Op, ...]
    input: str
    input_shape: tuple[int, ...]
    output: str
    parameters: Mapping[str, np.ndarray]
    constants: Mapping[str, Any]


def read_graph(path: Path) -> MindIRGraph:
    """Read the graph of a MindIR file.

    Raises:
        UserError: the network has branches or loops that depend on its input, or several inputs.
    """
    from mindspore.train.mind_ir_pb2 import ModelProto

    model = ModelProto()
    model.ParseFromString(path.read_bytes())
    graph = model.graph
    if len(model.functions):
        names = ", ".join(sorted({function.name.rsplit(":", 1)[-1] for function in model.functions})[:3])
        raise UserError(
            f"the network decides by its input what to compute (functions {names}), which cannot be written as ONNX; "
            "export it as MINDIR"
        )
    if len(graph.input) != 1:
        raise UserError(f"the network has {len(graph.input)} inputs; only networks of one image can be written as ONNX")
    settings = {primitive.name: primitive for primitive in model.primitives}
    renamed: dict[str, str] = {}
    ops: list[Op] = []
    constants: dict[str, Any] = {}
    for node in graph.node:
        kind, attributes = _kind(node, settings)
        inputs = tuple(renamed.get(name, name) for name in node.input)
        if kind == "Constant":
            constants[node.output[0]] = next((_value(a) for a in node.attribute if a.name == "value"), None)
        elif kind in _ORDER:
            renamed[node.output[0]] = inputs[0]
        else:
            ops.append(Op(kind, inputs, node.output[0], attributes, node.domain, _shape(node)))
    output = graph.output[0].name
    shape = tuple(graph.input[0].tensor[0].dims)
    parameters = {parameter.name: _array(parameter) for parameter in graph.parameter}
    return MindIRGraph(tuple(ops), graph.input[0].name, shape, renamed.get(output, output), parameters, constants)


def _kind(node: Any, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and settings of an operation, which are in the node itself or in a list of its own."""
    name = node.op_type.removeprefix("REF::")
    shared = settings.get(name)
    own = {each.name: _value(each) for each in node.attribute if each.name != "shape"}
    if shared is None:
        return name.split(":")[0], own
    return shared.op_type, {**{each.name: _value(each) for each in shared.attribute}, **own}


def _shape(node: Any) -> tuple[int, ...] | None:
    for each in node.attribute:
        if each.name == "shape" and len(each.tensors) == 1:
            return tuple(each.tensors[0].dims)
    return None


def _value(attribute: Any) -> Any:
    """The value of an attribute as Python object; None for what only MindSpore can use."""
    kind = attribute.AttributeType.Name(attribute.type)
    if kind in ("TUPLE", "LIST"):
        return tuple(_value(each) for each in attribute.values)
    if kind == "TENSORS":
        arrays = tuple(_array(each) for each in attribute.tensors)
        return arrays[0] if len(arrays) == 1 else arrays
    if kind == "TENSOR":
        return _array(attribute.t)
    # Elements of tuples keep their number in a list of one.
    if kind == "STRING":
        return (attribute.s or b"".join(attribute.strings)).decode()
    if kind == "BOOL":
        return bool(attribute.i or sum(attribute.ints))
    if kind.startswith(("INT", "UINT")):
        return int(attribute.i or sum(attribute.ints))
    if kind == "FLOAT":
        return float(attribute.f or sum(attribute.floats))
    if kind == "DOUBLE":
        return float(attribute.d or sum(attribute.doubles))
    return None


def _array(tensor: Any) -> np.ndarray:
    if tensor.data_type not in _DTYPES:
        raise UserError(f"the tensor '{tensor.name}' has MindSpore's type {tensor.data_type}, which ONNX does not have")
    dtype = np.dtype(_DTYPES[tensor.data_type])
    shape = tuple(tensor.dims)
    if not tensor.raw_data:  # the shape alone
        return np.zeros(shape if all(side >= 0 for side in shape) else 0, dtype)
    return np.frombuffer(tensor.raw_data, dtype).reshape(shape)
