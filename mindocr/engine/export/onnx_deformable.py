"""ONNX for the reading step of a deformable convolution, which ONNX has only from opset 19 on and few runtimes have."""

from __future__ import annotations

import numpy as np

from mindocr.engine.export.onnx_graph import Dim, GraphBuilder, Tensor
from mindocr.engine.export.onnx_ops import Call, Value, handles, unsupported

TAPS = 3  # height and width of the kernel


@handles("DeformableOffsets")
def deformable_offsets(call: Call) -> Value:
    """Read the image at 3 x 3 shifted positions around each pixel, by bilinear interpolation, 0 outside.

    The image is (N, C, H, W); the second input (N, 27 g, h, w) has for g groups of channels the x shifts of all taps,
    their y shifts, and their weights. The result is (N, C, 3 h, 3 w), in which the taps of a pixel are neighbours.
    """
    given = call.op.attributes
    size, groups = tuple(given["ksize"]), given.get("deformable_groups", 1)
    step, border = given["strides"][-1], given["pads"][0]
    if size != (TAPS, TAPS) or set(given["pads"]) != {border} or not given.get("modulated", True):
        raise unsupported(call.op, "with this window")
    graph, image, moved = call.graph, call.tensor(0), call.tensor(1)
    if image.shape is None or moved.shape is None or image.shape[1] < 0:
        raise unsupported(call.op, "on an image of unknown channels")
    channels, taps = image.shape[1], TAPS * TAPS
    n, h, w = (Dim("shape", (moved.name, axis)) for axis in (0, 2, 3))
    # (N, 3, g, 9, h, w): x shifts, y shifts, weights
    parts = graph.add("Reshape", moved, graph.shape([0, 3, groups, taps, h, w]))
    axes = []
    for axis, number in (("x", 0), ("y", 1)):
        shift = _part(graph, parts, number)  # (N, g, 9, h, w)
        length, side = (Dim("shape", (image.name, 3)), w) if axis == "x" else (Dim("shape", (image.name, 2)), h)
        places = _places(graph, axis, side, step, border)
        axes.append(_normalised(graph, graph.add("Add", shift, places), length))
    grid = graph.add("Concat", *(graph.add("Unsqueeze", each, _ints(graph, [-1])) for each in axes), axis=-1)
    flat = graph.add("Reshape", grid, graph.shape([Dim("Mul", (n, groups)), taps, Dim("Mul", (h, w)), 2]))
    split = graph.add(
        "Reshape", image,
        graph.shape([Dim("Mul", (n, groups)), channels // groups, *(Dim("shape", (image.name, i)) for i in (2, 3))]),
    )  # fmt: skip
    read = graph.add("GridSample", split, flat, mode="bilinear", padding_mode="zeros", align_corners=1)
    read = graph.add("Reshape", read, graph.shape([n, groups, channels // groups, taps, h, w]))
    weights = graph.add("Unsqueeze", _part(graph, parts, 2), _ints(graph, [2]))
    weighted = graph.add("Mul", read, weights)
    # (N, g, C / g, 3, 3, h, w) -> (N, g, C / g, h, 3, w, 3): the taps of a pixel become neighbours
    opened = graph.add("Reshape", weighted, graph.shape([n, channels, TAPS, TAPS, h, w]))
    turned = graph.add("Transpose", opened, perm=[0, 1, 4, 2, 5, 3])
    return graph.add("Reshape", turned, graph.shape([n, channels, Dim("Mul", (h, TAPS)), Dim("Mul", (w, TAPS))]))


def _part(graph: GraphBuilder, parts: Tensor, number: int) -> Tensor:
    """(N, 3, g, 9, h, w) -> (N, g, 9, h, w)."""
    return graph.add("Gather", parts, graph.constant(number, np.int64), axis=1)


def _places(graph: GraphBuilder, axis: str, side: Dim, step: int, border: int) -> Tensor:
    """Where the taps are without a shift, in pixels of the image: (9, 1, w) for x, (9, h, 1) for y."""
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    count = graph.add("Squeeze", graph.size(side), _ints(graph, [0]))
    numbers = graph.add("Range", zero, count, one, dtype=np.int64)
    numbers = graph.add("Cast", numbers, dtype=np.float32, to=1)
    centres = graph.add("Mul", numbers, graph.constant(float(step), np.float32))
    rows, columns = np.divmod(np.arange(TAPS * TAPS), TAPS)
    taps = ((columns if axis == "x" else rows) - border).astype(np.float32).reshape(-1, 1, 1)
    shape = [1, 1, -1] if axis == "x" else [1, -1, 1]
    return graph.add("Add", graph.add("Reshape", centres, _ints(graph, shape)), graph.constant(taps))


def _normalised(graph: GraphBuilder, place: Tensor, length: Dim) -> Tensor:
    """Pixels -> GridSample's scale, which is -1 at the centre of the first pixel and 1 at that of the last."""
    last = graph.add("Sub", graph.size(length), _ints(graph, [1]), dtype=np.int64)
    half = graph.add("Mul", graph.add("Cast", last, dtype=np.float32, to=1), graph.constant(0.5, np.float32))
    return graph.add("Sub", graph.add("Div", place, half), graph.constant(1.0, np.float32))


def _ints(graph: GraphBuilder, values: list[int]) -> Tensor:
    return graph.constant(values, np.int64)
