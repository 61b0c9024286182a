"""ONNX for operations that move, cut, join or repeat elements, and for the sizes that they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindocr.engine.export.onnx_graph import FARTHEST, Dim, GraphBuilder, Tensor
from mindocr.engine.export.onnx_ops import Call, Value, cast, handles, unsupported

_INTEGERS = {
    "ScalarMul": ("Mul", lambda a, b: a * b),
    "ScalarAdd": ("Add", lambda a, b: a + b),
    "ScalarSub": ("Sub", lambda a, b: a - b),
    # Sizes are not negative, so that division in ONNX, which cuts off, rounds down.
    "ScalarFloorDiv": ("Div", lambda a, b: a // b),
    "ScalarMod": ("Mod", lambda a, b: a % b),
}
# MindSpore's numbers of types, which Cast takes; those of mindspore.common.dtype
_TYPES = {30: "?", 32: "i1", 33: "<i2", 34: "<i4", 35: "<i8", 42: "<f2", 43: "<f4", 44: "<f8"}


@handles("MakeTuple", "make_tuple", "MakeList")
def make_tuple(call: Call) -> Value:
    return tuple(call.values)


@handles("TupleGetItem", "ListGetItem", "RealTupleGetItem")
def get_item(call: Call) -> Value:
    source, position = call.values
    if not isinstance(source, tuple):
        raise unsupported(call.op, f"of a {type(source).__name__}")
    return source[position]


@handles("Shape", "TensorShape", "DynamicShape")
def shape(call: Call) -> Value:
    """The sizes as a tuple: numbers where the network fixes them."""
    tensor = call.tensor(0)
    if tensor.shape is None:
        raise unsupported(call.op, "of a tensor of unknown rank")
    return tuple(side if side >= 0 else Dim("shape", (tensor.name, axis)) for axis, side in enumerate(tensor.shape))


@handles(*_INTEGERS)
def scalar(call: Call) -> Value:
    op, compute = _INTEGERS[call.op.kind]
    if any(isinstance(each, Dim) for each in call.values):
        return Dim(op, tuple(int(v) if not isinstance(v, Dim) else v for v in call.values))
    return compute(*call.values)


@handles("ScalarCast", "ScalarToTensor", "TensorToScalar", "TupleToTensor")
def scalar_cast(call: Call) -> Value:
    if call.op.kind == "TupleToTensor":
        return call.graph.shape(call.values[0])
    return call.values[0]


@handles("Cast")
def change_type(call: Call) -> Value:
    code = call.setting("dtype", 1, None)
    if code is None:
        code = call.setting("dst_type", 1)
    if code not in _TYPES:
        raise unsupported(call.op, f"to the type {code}")
    tensor = call.tensor(0)
    return tensor if np.dtype(_TYPES[code]) == tensor.dtype else cast(call.graph, tensor, _TYPES[code])


@handles("Reshape", "View", "ReshapeExt")
def reshape(call: Call) -> Value:
    target = call.values[1]
    if isinstance(target, Tensor) and target.array is not None:
        target = tuple(target.array.tolist())
    tensor = call.tensor(0)
    if not isinstance(target, tuple):
        return call.graph.add("Reshape", tensor, cast(call.graph, call.tensor(1), np.int64), zeros=tensor.zeros)
    factor = _repeats(call, target)
    if factor is not None:
        source = call.calls[call.calls[call.op.inputs[0]].op.inputs[0]].tensor(0)
        return upsample(call.graph, source, factor)
    return call.graph.add("Reshape", tensor, call.graph.shape(_shortened(target, tensor)), zeros=tensor.zeros)


def _shortened(target: Sequence[Any], tensor: Tensor) -> list[Any]:
    """The shape with 0 for sizes that do not change and -1 for the last one that is not known, as ONNX allows."""
    dims = [0 if each == Dim("shape", (tensor.name, i)) else each for i, each in enumerate(target)]
    unknown = [i for i, each in enumerate(dims) if isinstance(each, Dim)]
    if len(unknown) == 1 and -1 not in dims:
        dims[unknown[0]] = -1
    return dims


def _repeats(call: Call, target: Sequence[Any]) -> int | None:
    """The factor, if this is the end of (n, c, h, w) -> (n, c, h, 1, w, 1) -> repeated -> (n, c, f h, f w)."""
    wide = call.maker(0)
    tall = wide.maker(0) if wide is not None and wide.op.kind == "BroadcastTo" else None
    if wide is None or tall is None or tall.op.kind != "Reshape" or len(target) != 4:
        return None
    spread, repeated = tall.values[1], wide.values[1]
    if not isinstance(spread, tuple) or not isinstance(repeated, tuple) or len(spread) != 6 or len(repeated) != 6:
        return None
    n, c, h, one, w, other = spread
    factor = repeated[3]
    if not isinstance(factor, int) or (one, other) != (1, 1) or repeated != (n, c, h, factor, w, factor):
        return None
    wanted = tuple(each * factor if isinstance(each, int) else Dim("Mul", (each, factor)) for each in (h, w))
    return factor if tuple(target) == (n, c, *wanted) else None


def upsample(graph: GraphBuilder, tensor: Tensor, factor: int) -> Tensor:
    """(N, C, H, W) -> (N, C, factor H, factor W) by copying pixels."""
    scales = graph.constant([1, 1, factor, factor], np.float32)
    return graph.add(
        "Resize", tensor, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )  # fmt: skip


@handles("BroadcastTo")
def broadcast(call: Call) -> Value:
    target = [1 if each == -1 else each for each in call.setting("shape", 1)]  # 1: the size stays in ONNX
    return call.graph.add("Expand", call.tensor(0), call.graph.shape(target))


@handles("Transpose")
def transpose(call: Call) -> Value:
    return call.graph.add("Transpose", call.tensor(0), perm=list(call.setting("perm", 1)))


@handles("TransposeExt", "TransposeExtView", "SwapAxes")
def swap_axes(call: Call) -> Value:
    raise unsupported(call.op)


@handles("ExpandDims", "Unsqueeze")
def expand_dims(call: Call) -> Value:
    tensor, axis = call.tensor(0), call.setting("axis", 1)
    axes = call.graph.constant([axis], np.int64)
    return call.graph.add("Unsqueeze", tensor, axes, zeros=tensor.zeros)


@handles("Squeeze")
def squeeze(call: Call) -> Value:
    axis = call.setting("axis", 1)
    axes = call.graph.constant([axis] if isinstance(axis, int) else list(axis), np.int64)
    return call.graph.add("Squeeze", call.tensor(0), axes)


@handles("Concat")
def concat(call: Call) -> Value:
    values = call.values[0] if isinstance(call.values[0], tuple) else call.values[:-1]
    return call.graph.add("Concat", *values, axis=call.setting("axis", 1))


@handles("Select", "SelectExt", "SelectView", "SelectExtView")
def select(call: Call) -> Value:
    """One index of an axis."""
    if len(call.values) != 3 or not isinstance(call.values[1], int):
        raise unsupported(call.op)
    tensor, axis, index = call.values
    return call.graph.add("Gather", tensor, call.graph.constant(index, np.int64), axis=axis, zeros=tensor.zeros)


@handles("Gather")
def gather(call: Call) -> Value:
    tensor, axis = call.tensor(0), call.setting("axis", 2)
    step = _step(call, tensor, axis)
    if step is not None:
        return call.graph.every(tensor, step, axis)
    return call.graph.add("Gather", tensor, cast(call.graph, call.tensor(1), np.int64), axis=axis)


def _step(call: Call, tensor: Tensor, axis: int) -> int | None:
    """k, if the indices are 0, k, 2 k, ... up to the end of the axis."""
    maker, index = call.maker(1), call.values[1]
    if maker is not None and maker.op.kind in _RANGES:
        start, stop, step = maker.values[:3]
        whole = tensor.shape is not None and stop in (Dim("shape", (tensor.name, axis)), tensor.shape[axis])
        return step if start == 0 and whole and isinstance(step, int) and step > 0 else None
    array = index.array if isinstance(index, Tensor) else None
    if array is None or array.ndim != 1 or tensor.shape is None or tensor.shape[axis] < 0 or array.size < 2:
        return None
    step = int(array[1])
    return step if step > 0 and np.array_equal(array, np.arange(0, tensor.shape[axis], step)) else None


_RANGES = ("Range", "Arange")


@handles(*_RANGES)
def number_range(call: Call) -> Value:
    numbers = (cast(call.graph, call.tensor(i), np.int64) for i in range(3))
    return call.graph.add("Range", *numbers, dtype=np.int64)


@handles("Zeros", "Ones", "FillV2", "ZerosLike")
def filled(call: Call) -> Value:
    import onnx

    if call.op.kind == "ZerosLike":
        dims = call.graph.add("Shape", call.tensor(0), dtype=np.int64)
    else:
        dims = call.graph.shape(call.values[0])
    value = float(call.values[1].array) if call.op.kind == "FillV2" else float(call.op.kind == "Ones")
    fill = onnx.numpy_helper.from_array(np.array([value], np.float32))
    return call.graph.add("ConstantOfShape", dims, dtype=np.float32, zeros=value == 0, value=fill)


@handles("StridedSlice")
def strided_slice(call: Call) -> Value:
    """``x[a:b, ..., c]``; masks say which axes are whole, have no begin or end, or are a single index."""
    tensor = call.tensor(0)
    begin, end, steps = (call.values[i] for i in (1, 2, 3))
    masks = {key: call.setting(f"{key}_mask", position, 0) for key, position in zip(_MASKS, range(4, 9))}
    if masks["new_axis"]:
        raise unsupported(call.op, "with new axes")
    if masks["ellipsis"]:
        raise unsupported(call.op, "with an ellipsis")
    kept = [i for i in range(len(begin)) if not (_bit(masks["begin"], i) and _bit(masks["end"], i) and steps[i] == 1)]
    single = [i for i in range(len(begin)) if _bit(masks["shrink_axis"], i)]
    starts, ends = [], []
    for i in kept:
        starts.append((0 if steps[i] > 0 else FARTHEST) if _bit(masks["begin"], i) else begin[i])
        ends.append((FARTHEST if steps[i] > 0 else -FARTHEST) if _bit(masks["end"], i) else end[i])
        if i in single:
            ends[-1] = FARTHEST if starts[-1] == -1 else end[i]
    graph = call.graph
    if kept:
        axes, strides = graph.constant(kept, np.int64), graph.constant([steps[i] for i in kept], np.int64)
        tensor = graph.add("Slice", tensor, graph.shape(starts), graph.shape(ends), axes, strides, zeros=tensor.zeros)
    return graph.add("Squeeze", tensor, graph.constant(single, np.int64), zeros=tensor.zeros) if single else tensor


_MASKS = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")


def _bit(mask: int, position: int) -> bool:
    return bool(mask >> position & 1)


@handles("ReverseV2")
def reverse(call: Call) -> Value:
    """Kept as a remark on the tensor, too: an LSTM of ONNX can read backwards by itself."""
    axes = call.setting("axis", 1)
    if tuple(np.atleast_1d(axes)) != (0,):
        raise unsupported(call.op, f"along the axes {axes}")
    return call.graph.reverse(call.tensor(0))


@handles("Pad", "PadV3")
def pad(call: Call) -> Value:
    """Zeros around a tensor; sizes before and after each axis."""
    paddings = call.setting("paddings", 1)
    before, after = zip(*paddings)
    return call.graph.add("Pad", call.tensor(0), call.graph.constant([*before, *after], np.int64), mode="constant")
