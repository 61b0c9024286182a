"""ONNX for layers and arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindocr.engine.export.onnx_graph import Tensor
from mindocr.engine.export.onnx_ops import Call, Value, handles, unsupported

# MindSpore -> ONNX, of operations that have one name there and one here and no settings
_PLAIN = {
    "ReLU": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Erf": "Erf", "Exp": "Exp", "Sqrt": "Sqrt", "Neg": "Neg",
    "Abs": "Abs", "Log": "Log", "Floor": "Floor", "Reciprocal": "Reciprocal",
}  # fmt: skip
_BINARY = {
    "Add": "Add", "Sub": "Sub", "Mul": "Mul", "Muls": "Mul", "Div": "Div", "RealDiv": "Div", "Pow": "Pow",
    "Maximum": "Max", "Minimum": "Min",
}  # fmt: skip
_PAD_MODES = ("pad", "same", "valid")  # MindSpore's numbers
# MindSpore orders the gates of an LSTM input, forget, cell, output; ONNX input, output, forget, cell.
_GATES = (0, 3, 1, 2)


@handles(*_PLAIN)
def plain(call: Call) -> Value:
    return call.graph.add(_PLAIN[call.op.kind], call.tensor(0))


@handles(*_BINARY)
def binary(call: Call) -> Value:
    like = next((each for each in call.values if isinstance(each, Tensor)), None)
    return call.graph.add(_BINARY[call.op.kind], call.tensor(0, like), call.tensor(1, like))


@handles("FloorDiv")
def floor_div(call: Call) -> Value:
    """Rounded down also below 0, where division in ONNX cuts off: (a - a mod b) / b."""
    like = next((each for each in call.values if isinstance(each, Tensor)), None)
    a, b = call.tensor(0, like), call.tensor(1, like)
    if not np.issubdtype(a.dtype, np.integer):
        return call.graph.add("Floor", call.graph.add("Div", a, b))
    rest = call.graph.add("Mod", a, b)
    return call.graph.add("Div", call.graph.add("Sub", a, rest), b)


@handles("AddN")
def add_n(call: Call) -> Value:
    first, *others = call.values[0]
    for other in others:
        first = call.graph.add("Add", first, other)
    return first


@handles("BiasAdd")
def bias_add(call: Call) -> Value:
    """Adds to the channels, which are the second axis, or the last one of a matrix."""
    bias = call.tensor(1)
    if call.op.shape is None:
        raise unsupported(call.op, "for a tensor of unknown rank")
    rank = len(call.op.shape)
    if rank > 2:
        bias = call.graph.add("Reshape", bias, call.graph.constant([1, -1, *[1] * (rank - 2)], np.int64))
    return call.graph.add("Add", call.tensor(0), bias)


@handles("HSwish")
def hard_swish(call: Call) -> Value:
    return call.graph.add("HardSwish", call.tensor(0))


@handles("HSigmoid")
def hard_sigmoid(call: Call) -> Value:
    return call.graph.add("HardSigmoid", call.tensor(0), alpha=1 / 6, beta=0.5)


@handles("ReLU6")
def relu6(call: Call) -> Value:
    return call.graph.add("Clip", call.tensor(0), *(call.graph.constant(each, np.float32) for each in (0, 6)))


@handles("ClampScalar", "ClampTensor", "ClipByValue")
def clamp(call: Call) -> Value:
    tensor = call.tensor(0)
    low, high = (None if call.values[i] is None else call.tensor(i, tensor) for i in (1, 2))
    return call.graph.add("Clip", tensor, low, high)


@handles("SiLU")
def silu(call: Call) -> Value:
    tensor = call.tensor(0)
    return call.graph.add("Mul", tensor, call.graph.add("Sigmoid", tensor))


@handles("Softmax")
def softmax(call: Call) -> Value:
    axis = call.setting("axis", 1, -1)
    return call.graph.add("Softmax", call.tensor(0), axis=axis if isinstance(axis, int) else axis[0])


@handles("ReduceMean", "MeanExt")
def mean(call: Call) -> Value:
    tensor, axes = call.tensor(0), call.setting("axis", 1)
    # Not GlobalAveragePool: onnxruntime adds up large maps for it with an error of 1e-3.
    keep = bool(call.setting("keep_dims", 2, False))
    axes = [axes] if isinstance(axes, int) else list(axes)
    return call.graph.add("ReduceMean", tensor, axes=axes, keepdims=int(keep))


@handles("Conv2D")
def conv(call: Call) -> Value:
    weight = call.tensor(1)
    attributes = _window(call, weight.array.shape[2:] if weight.array is not None else None)
    return call.graph.add("Conv", call.tensor(0), weight, group=call.op.attributes.get("group", 1), **attributes)


def _window(call: Call, kernel: Sequence[int] | None) -> dict[str, Any]:
    """Size, step, dilation and borders of a convolution or pooling; those of AvgPool are inputs."""
    given = call.op.attributes
    kernel = list(kernel) if kernel is not None else _last_two(call.setting("kernel_size", 1))
    strides = _last_two(given["stride"] if "stride" in given else call.setting("strides", 2))
    dilations = _last_two(given.get("dilation", (1, 1)))
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if dilations != [1, 1]:
        attributes["dilations"] = dilations
    mode = call.setting("pad_mode", 3, "valid")
    mode = _PAD_MODES[mode] if isinstance(mode, int) else mode.lower()
    if mode == "same":
        if strides == [1, 1]:
            total = [d * (k - 1) for k, d in zip(kernel, dilations)]
            before = [each // 2 for each in total]
            attributes["pads"] = [*before, *(each - start for each, start in zip(total, before))]
        else:  # how much depends on the size of the image
            attributes["auto_pad"] = "SAME_UPPER"
    elif mode == "pad":
        top, bottom, left, right = given["pad"]
        attributes["pads"] = [top, left, bottom, right]
    return attributes


def _last_two(sizes: Any) -> list[int]:
    return [sizes, sizes] if isinstance(sizes, int) else list(sizes)[-2:]


@handles("Conv2DTranspose", "Conv2DBackpropInput")
def conv_transpose(call: Call) -> Value:
    weight = call.tensor(1)
    if weight.array is None or str(call.op.attributes.get("pad_mode")).lower() != "valid":
        raise unsupported(call.op, f"with the padding {call.op.attributes.get('pad_mode')}")
    attributes = _window(call, weight.array.shape[2:])
    return call.graph.add("ConvTranspose", call.tensor(0), weight, group=call.op.attributes.get("group", 1),
                          **attributes)  # fmt: skip


@handles("MaxPool")
def max_pool(call: Call) -> Value:
    return call.graph.add("MaxPool", call.tensor(0), **_window(call, None))


@handles("AvgPool")
def average_pool(call: Call) -> Value:
    return call.graph.add("AveragePool", call.tensor(0), **_window(call, None), count_include_pad=0)


@handles("BatchNorm")
def batch_norm(call: Call) -> Value:
    epsilon = float(call.setting("epsilon", 6))
    tensors = [call.tensor(i) for i in range(5)]
    return (call.graph.add("BatchNormalization", *tensors, epsilon=epsilon),)


@handles("LayerNorm")
def layer_norm(call: Call) -> Value:
    axis, epsilon = call.setting("begin_norm_axis", 3), float(call.setting("epsilon", 5, 1e-7))
    tensors = [call.tensor(i) for i in range(3)]
    return (call.graph.add("LayerNormalization", *tensors, axis=axis, epsilon=epsilon),)


@handles("MatMul", "BatchMatMul", "MatMulExt", "Dense")
def matmul(call: Call) -> Value:
    a, b = call.tensor(0), call.tensor(1)
    dense = call.op.kind == "Dense"
    if call.setting("transpose_a", 2, False) and not dense:
        a = _swapped(call, a)
    if dense or call.setting("transpose_b", 3, False):
        b = _swapped(call, b)
    product = call.graph.add("MatMul", a, b)
    has_bias = dense and len(call.values) > 2 and call.values[2] is not None
    return call.graph.add("Add", product, call.tensor(2)) if has_bias else product


def _swapped(call: Call, tensor: Tensor) -> Tensor:
    """With the last two axes exchanged."""
    rank = tensor.rank
    if rank is None:
        raise unsupported(call.op, "of tensors of unknown rank")
    return call.graph.add("Transpose", tensor, perm=[*range(rank - 2), rank - 1, rank - 2])


@handles("LSTM")
def lstm(call: Call) -> Value:
    """One layer in one direction; the network reverses its input for the other one."""
    given = call.op.attributes
    size, hidden = given["input_size"], given["hidden_size"]
    tensor, weights = call.tensor(0), call.tensor(3).array
    if given.get("num_layers", 1) != 1 or given.get("bidirectional") or weights is None:
        raise unsupported(call.op, "with several layers, or with weights that are computed")
    if not (call.tensor(1).zeros and call.tensor(2).zeros):
        raise unsupported(call.op, "with an initial state")
    flat = weights.reshape(-1)
    inner, outer = 4 * hidden * size, 4 * hidden * hidden
    bias = flat[inner + outer :] if given.get("has_bias", True) else np.zeros(4 * hidden, flat.dtype)
    parts = (flat[:inner].reshape(-1, size), flat[inner : inner + outer].reshape(-1, hidden), bias.reshape(-1, 1))
    w, r, b = (np.concatenate([np.split(part, 4)[i] for i in _GATES])[None] for part in parts)
    both = np.concatenate([b[..., 0], np.zeros_like(b[..., 0])], axis=1)
    backwards = tensor.reversed_of is not None
    constants = [call.graph.constant(each, np.float32) for each in (w, r, both)]
    steps = call.graph.add("LSTM", tensor.reversed_of or tensor, *constants, hidden_size=hidden,
                           direction="reverse" if backwards else "forward")  # fmt: skip
    output = call.graph.add("Squeeze", steps, call.graph.constant([1], np.int64))  # the axis of directions
    if backwards:  # the network expects the order of its reversed input
        output = call.graph.reverse(output)
    return output, None, None, None, None
