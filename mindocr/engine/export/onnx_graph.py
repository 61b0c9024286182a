"""An ONNX graph under construction: operations, constants, and sizes that are known only when an image comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

OPSET = 17  # LayerNormalization and GridSample; onnxruntime runs it since 1.12
IR_VERSION = 8
FARTHEST = np.iinfo(np.int64).max  # as a position: the end
# Operations that are computed at once if all their inputs are constants, as those that rearrange weights are
_FOLDED = {
    "Add", "Cast", "Concat", "Div", "Expand", "Gather", "Mul", "Neg", "Pow", "Reshape", "Slice", "Sqrt", "Squeeze",
    "Sub", "Transpose", "Unsqueeze",
}  # fmt: skip


@dataclass(eq=False)
class Node:
    """One operation; '' among the inputs is one that is left out."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    scope: str = ""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph.

    Attributes:
        name: its name there.
        dtype: type of its elements.
        array: its value, if it is a constant.
        shape: its shape, -1 = depends on the image; None = not known.
        reversed_of: the tensor of which this is the reverse along the first axis.
        zeros: whether all elements are 0.
    """

    name: str
    dtype: np.dtype
    array: np.ndarray | None = None
    shape: tuple[int, ...] | None = None
    reversed_of: Tensor | None = None
    zeros: bool = False

    @property
    def rank(self) -> int | None:
        """Number of axes; None = not known."""
        return len(self.shape) if self.shape is not None else None


@dataclass(frozen=True)
class Dim:
    """A size that depends on the image: that of an axis of a tensor, or a number computed from others.

    Attributes:
        kind: ``shape``, or an ONNX operation on numbers such as ``Mul``.
        args: the name of the tensor and the axis; or the operands, int or Dim.
    """

    kind: str
    args: tuple[Any, ...]


class GraphBuilder:
    """Collects operations and constants.

    Attributes:
        nodes: operations, each after those that compute its inputs.
        constants: name -> array.
        scope: the layer whose operations are added now; for names in viewers.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self.scope = ""
        self._shared: dict[tuple[Any, ...], Tensor] = {}
        self._sizes: dict[Dim, Tensor] = {}
        self._count = 0

    def name(self, stem: str) -> str:
        """A new name."""
        self._count += 1
        return f"{stem}_{self._count}"

    def parameter(self, name: str, array: np.ndarray) -> Tensor:
        """A weight, under its own name."""
        self.constants[name] = array
        return Tensor(name, array.dtype, array, array.shape)

    def constant(self, value: Any, dtype: Any = None) -> Tensor:
        """A constant; equal small ones are shared."""
        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 64 else None
        if key is None or key not in self._shared:
            name = self.name("constant")
            self.constants[name] = array
            made = Tensor(name, array.dtype, array, array.shape)
            if key is None:
                return made
            self._shared[key] = made
        return self._shared[key]

    def add(self, op: str, *inputs: Tensor | None, dtype: Any = None, zeros: bool = False, **attributes: Any) -> Tensor:
        """Add an operation with one output.

        Args:
            op: ONNX name.
            inputs: its inputs; None = left out.
            dtype: type of the output; by default that of the first input.
            zeros: the result is 0 everywhere.
            attributes: settings of the operation.
        """
        first = next(each for each in inputs if each is not None)
        kind = np.dtype(first.dtype if dtype is None else dtype)
        arrays = [each.array for each in inputs if each is not None]
        if op in _FOLDED and len(arrays) == len(inputs) and all(array is not None for array in arrays):
            return self.constant(evaluate(op, arrays, attributes).astype(kind, copy=False))
        name = self.name(op)
        names = ["" if each is None else each.name for each in inputs]
        self.nodes.append(Node(op, names, [name], attributes, self.scope))
        return Tensor(name, kind, zeros=zeros)

    def add_named(self, op: str, source: Tensor, name: str) -> None:
        """Add an operation whose output has a given name."""
        self.nodes.append(Node(op, [source.name], [name], {}))

    def size(self, dim: int | Dim) -> Tensor:
        """A size as a tensor of shape (1,), int64."""
        if not isinstance(dim, Dim):
            return self.constant([dim], np.int64)
        if dim not in self._sizes:
            if dim.kind == "shape":
                source, axis = dim.args
                made = self.add("Shape", Tensor(source, np.dtype("f4")), dtype=np.int64, start=axis, end=axis + 1)
            else:
                made = self.add(dim.kind, *(self.size(each) for each in dim.args), dtype=np.int64)
            self._sizes[dim] = made
        return self._sizes[dim]

    def shape(self, dims: Sequence[int | Dim]) -> Tensor:
        """A shape as a tensor of shape (len(dims),), int64."""
        if not any(isinstance(each, Dim) for each in dims):
            return self.constant(list(dims), np.int64)
        return self.add("Concat", *(self.size(each) for each in dims), dtype=np.int64, axis=0)

    def every(self, tensor: Tensor, step: int, axis: int) -> Tensor:
        """The first of every ``step`` indices of an axis."""
        return self.add("Slice", tensor, *(self.constant([value], np.int64) for value in (0, FARTHEST, axis, step)))

    def reverse(self, tensor: Tensor) -> Tensor:
        """The reverse along the first axis; that of a reverse is the tensor itself."""
        if tensor.reversed_of is not None:
            return tensor.reversed_of
        numbers = [self.constant([value], np.int64) for value in (-1, -FARTHEST, 0, -1)]
        made = self.add("Slice", tensor, *numbers)
        return Tensor(made.name, made.dtype, shape=tensor.shape, reversed_of=tensor)


def evaluate(op: str, arrays: Sequence[Any], attributes: Mapping[str, Any]) -> np.ndarray:
    """The result of an operation on constants, by the reference implementation of the package ``onnx``."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    names = [f"x{i}" for i in range(len(arrays))]
    kinds = [onnx.helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype) for array in arrays]
    node = onnx.helper.make_node(op, names, ["y"], **attributes)
    inputs = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, kinds)]
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.UNDEFINED, None)
    graph = onnx.helper.make_graph([node], "constant", inputs, [output])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    results: Any = ReferenceEvaluator(model).run(None, dict(zip(names, arrays)))
    return np.asarray(results[0])
