"""MindSpore's operations in terms of ONNX: the table of all that are known, and how their inputs are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindocr.engine.export.mindir_graph import Op
from mindocr.engine.export.onnx_graph import Dim, GraphBuilder, Tensor
from mindocr.errors import UserError

# A value: a tensor, a size, a number, a text, None, or a tuple of values
Value = Any
_missing = object()


@dataclass(frozen=True)
class Call:
    """One operation with the values of its inputs.

    Attributes:
        op: the operation.
        values: of its inputs.
        graph: where to add the ONNX operations.
        calls: output name -> call, of the operations before.
    """

    op: Op
    values: Sequence[Value]
    graph: GraphBuilder
    calls: Mapping[str, Call]

    def setting(self, name: str, position: int | None = None, default: Any = _missing) -> Any:
        """A setting of the operation; from MindSpore 2.3 on many are inputs.

        Args:
            name: of the attribute.
            position: of the input, if there is no such attribute.
            default: if there is neither.
        """
        if name in self.op.attributes:
            return self.op.attributes[name]
        if position is not None and position < len(self.values):
            value = self.values[position]
            return value.array.tolist() if isinstance(value, Tensor) and value.array is not None else value
        if default is _missing:
            raise unsupported(self.op, f"without {name}")
        return default

    def tensor(self, position: int, like: Tensor | None = None) -> Tensor:
        """An input as a tensor; numbers become constants of the type of ``like``."""
        value = self.values[position]
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Dim):
            scalar = self.graph.add("Squeeze", self.graph.size(value), self.graph.constant([0], np.int64))
            return scalar if like is None else cast(self.graph, scalar, like.dtype)
        if isinstance(value, bool | int | float | np.ndarray | np.number):
            dtype = like.dtype if like is not None else np.asarray(value).dtype
            if like is None and isinstance(value, float):
                dtype = np.dtype("f4")
            return self.graph.constant(value, dtype)
        raise unsupported(self.op, f"with {type(value).__name__} as input {position}")

    def maker(self, position: int) -> Call | None:
        """The call that computed an input."""
        return self.calls.get(self.op.inputs[position])


Handler = Callable[[Call], Value]
HANDLERS: dict[str, Handler] = {}


def handles(*kinds: str) -> Callable[[Handler], Handler]:
    """Enter a function into the table."""

    def enter(handler: Handler) -> Handler:
        for kind in kinds:
            HANDLERS[kind] = handler
        return handler

    return enter


def unsupported(op: Op, detail: str = "") -> UserError:
    """The error for an operation that cannot be written as ONNX."""
    layer = op.scope.rpartition("/")[0].removeprefix("Default/") or "the network"
    return UserError(
        f"the operator {op.kind} of MindSpore{' ' + detail if detail else ''} (in {layer}) cannot be written as ONNX; "
        "export this network as MINDIR"
    )


def cast(graph: GraphBuilder, tensor: Tensor, dtype: Any) -> Tensor:
    """The tensor with elements of another type."""
    import onnx

    if np.dtype(dtype) == tensor.dtype:
        return tensor
    return graph.add("Cast", tensor, dtype=dtype, to=onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
