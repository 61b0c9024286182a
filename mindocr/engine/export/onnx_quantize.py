"""Int8 in an ONNX graph: weights with a scale for each channel, inputs between QuantizeLinear and its inverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mindocr.engine.export.onnx_graph import GraphBuilder, Node
from mindocr.errors import UserError

_LARGEST = 127
_OFF = 0.02  # steps that a weight may be away from a whole number of them


def quantize(graph: GraphBuilder, ranges: Mapping[str, Any]) -> None:
    """Let convolutions read int8.

    BatchNorm may be folded into the weights: its factors become part of the scales, and the whole numbers stay.

    Args:
        graph: finished but for this.
        ranges: name of a weight, whose values are multiples of a step for each output channel, with its largest
            absolute value 127 steps -> how its input is quantised: ``clip`` and ``bound``; None = not at all.

    Raises:
        UserError: a weight is not of this kind, because something was folded into its input channels.
    """
    nodes: list[Node] = []
    for node in graph.nodes:
        name = node.inputs[1] if node.op == "Conv" else ""
        if name in ranges:
            if ranges[name] is not None:
                node.inputs[0] = _rounded(graph, nodes, node.inputs[0], ranges[name])
            node.inputs[1] = _stored(graph, nodes, name)
        nodes.append(node)
    graph.nodes = nodes


def _rounded(graph: GraphBuilder, nodes: list[Node], source: str, ranges: Any) -> str:
    """The input as it is rounded; int8 saturates at -128 and 127 steps."""
    step = np.float32(ranges.bound) / np.float32(_LARGEST)
    if ranges.clip < (_LARGEST + 1) * float(step):  # otherwise int8 saturates first
        ends = [graph.constant(np.float32(end)).name for end in (-ranges.clip, ranges.clip)]
        source = _add(graph, nodes, "Clip", [source, *ends])
    scale = [graph.constant(step).name, graph.constant(np.int8(0)).name]
    whole = _add(graph, nodes, "QuantizeLinear", [source, *scale])
    return _add(graph, nodes, "DequantizeLinear", [whole, *scale])


def _stored(graph: GraphBuilder, nodes: list[Node], name: str) -> str:
    """The weight as int8."""
    weight = graph.constants[name].astype(np.float64)
    largest = np.abs(weight).max((1, 2, 3))
    scale = np.where(largest > 0, largest / _LARGEST, 1.0)
    steps = weight / scale.reshape(-1, 1, 1, 1)
    whole = np.round(steps)
    if np.abs(steps - whole).max() > _OFF:
        raise UserError(
            f"{name}: its values are no multiples of one step for each channel, so it cannot be written as int8; "
            "export MINDIR, or leave this layer out of the quantisation"
        )
    del graph.constants[name]
    graph.constants[f"{name}_int8"] = whole.astype(np.int8)
    graph.constants[f"{name}_scale"] = scale.astype(np.float32)
    graph.constants[f"{name}_zero"] = np.zeros(len(scale), np.int8)
    inputs = [f"{name}_int8", f"{name}_scale", f"{name}_zero"]
    return _add(graph, nodes, "DequantizeLinear", inputs, axis=0)


def _add(graph: GraphBuilder, nodes: list[Node], op: str, inputs: list[str], **attributes: Any) -> str:
    name = graph.name(op)
    nodes.append(Node(op, inputs, [name], attributes))
    return name
