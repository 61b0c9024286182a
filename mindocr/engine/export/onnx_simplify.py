"""Makes an ONNX graph smaller and faster without changing what it computes, except for rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mindocr.engine.export.onnx_graph import FARTHEST, GraphBuilder, Node

_CONVOLUTIONS = {"Conv": 0, "ConvTranspose": 1}  # axis of the output channels in the weight
# Smaller weights change no result, and computing with them (denormal numbers) takes many times as long on a CPU.
NEGLIGIBLE = 1e-30


def fold_into_convolutions(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Merge factors and summands of channels, such as BatchNorm's, into the convolution before.

    Sums and products are computed in float64 and rounded once.
    """
    uses = _uses(graph, outputs)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    removed: set[int] = set()
    for node in graph.nodes:
        affine = _affine(node, graph)
        if affine is None:
            continue
        source, scale, shift = affine
        maker = makers.get(source)
        if maker is None or maker.op not in _CONVOLUTIONS or uses.get(source, 0) != 1:
            continue
        weight = graph.constants.get(maker.inputs[1])
        bias = graph.constants.get(maker.inputs[2]) if len(maker.inputs) > 2 else np.zeros(1)
        if weight is None or bias is None or uses[maker.inputs[1]] != 1:
            continue
        axis = _CONVOLUTIONS[maker.op]
        channels = weight.shape[axis] * (1 if axis == 0 else maker.attributes.get("group", 1))
        if axis == 1 and maker.attributes.get("group", 1) != 1 or not {scale.size, shift.size} <= {1, channels}:
            continue
        factor = scale.reshape([-1 if i == axis else 1 for i in range(4)])
        graph.constants[maker.inputs[1]] = (weight.astype(np.float64) * factor).astype(np.float32)
        total = np.broadcast_to(bias.astype(np.float64) * scale + shift, channels).astype(np.float32)
        if len(maker.inputs) < 3:
            maker.inputs.append(graph.name(f"{maker.inputs[1]}_bias"))
        elif uses[maker.inputs[2]] != 1:
            maker.inputs[2] = graph.name(f"{maker.inputs[1]}_bias")
        graph.constants[maker.inputs[2]] = total
        uses[maker.inputs[2]] = 1
        maker.outputs = node.outputs
        makers[node.outputs[0]] = maker
        removed.add(id(node))
    graph.nodes = [node for node in graph.nodes if id(node) not in removed]


def fold_into_next_convolutions(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Merge factors and summands of channels into the 1x1 convolution that follows.

    A larger one reads zeros beyond the border, to which no summand is added.
    """
    uses = _uses(graph, outputs)
    readers = {name: node for node in graph.nodes for name in node.inputs}
    makers = {output: node for node in graph.nodes for output in node.outputs}
    removed: set[int] = set()
    for node in reversed(graph.nodes):
        affine = _affine(node, graph) if node.op in ("Mul", "Add") else None
        reader = readers.get(node.outputs[0])
        if affine is None or reader is None or uses[node.outputs[0]] != 1 or not _is_pointwise(reader, graph, uses):
            continue
        source, scale, shift = affine
        if _is_gelu(makers.get(source), makers):
            continue
        weight = graph.constants[reader.inputs[1]].astype(np.float64)
        if not {scale.size, shift.size} <= {1, weight.shape[1]}:
            continue
        if len(reader.inputs) < 3:
            reader.inputs.append(graph.name(f"{reader.inputs[1]}_bias"))
            graph.constants[reader.inputs[2]] = np.zeros(weight.shape[0], np.float32)
        added = weight.sum(axis=(2, 3)) @ np.broadcast_to(shift, weight.shape[1])
        graph.constants[reader.inputs[2]] = (graph.constants[reader.inputs[2]] + added).astype(np.float32)
        graph.constants[reader.inputs[1]] = (weight * scale.reshape(1, -1, 1, 1)).astype(np.float32)
        reader.inputs[0] = source
        readers[source] = reader
        removed.add(id(node))
    graph.nodes = [node for node in graph.nodes if id(node) not in removed]


def _is_gelu(node: Node | None, makers: Mapping[str, Node]) -> bool:
    """Whether it computes x (1 + erf(x / sqrt 2)): onnxruntime has one operation for that and the 1/2 that follows."""
    sums = [makers.get(name) for name in node.inputs] if node is not None and node.op == "Mul" else []
    inner = [makers.get(name) for each in sums if each is not None and each.op == "Add" for name in each.inputs]
    return any(each is not None and each.op == "Erf" for each in inner)


def _is_pointwise(node: Node, graph: GraphBuilder, uses: Mapping[str, int]) -> bool:
    """Whether it is a 1x1 convolution without groups and borders, whose weights nothing else reads."""
    weight = graph.constants.get(node.inputs[1]) if node.op == "Conv" else None
    if weight is None or weight.shape[2:] != (1, 1) or node.attributes.get("group", 1) != 1:
        return False
    own = all(name in graph.constants and uses.get(name, 1) == 1 for name in node.inputs[1:])
    return own and not any(node.attributes.get("pads", ()))


def thin_convolutions(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Let a convolution compute only the rows or columns that are kept afterwards: every k-th is stride k."""
    uses = _uses(graph, outputs)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    removed: set[int] = set()
    for node in graph.nodes:
        if node.op != "Slice":
            continue
        numbers = [graph.constants.get(name) for name in node.inputs[1:]]
        maker = makers.get(node.inputs[0])
        if maker is None or maker.op != "Conv" or uses[node.inputs[0]] != 1 or "auto_pad" in maker.attributes:
            continue
        if len(numbers) != 4 or any(each is None or each.size != 1 for each in numbers):
            continue
        start, end, axis, step = (int(each[0]) for each in numbers)  # type: ignore[index]
        if start != 0 or end != FARTHEST or axis not in (2, 3) or step < 1:
            continue
        strides = list(maker.attributes["strides"])
        strides[axis - 2] *= step
        maker.attributes = {**maker.attributes, "strides": strides}
        maker.outputs = node.outputs
        makers[node.outputs[0]] = maker
        removed.add(id(node))
    graph.nodes = [node for node in graph.nodes if id(node) not in removed]


def _affine(node: Node, graph: GraphBuilder) -> tuple[str, np.ndarray, np.ndarray] | None:
    """(input, factor, summand) of an operation x * factor + summand per channel; None for another one."""
    if node.op == "BatchNormalization":
        gamma, beta, mean, variance = (graph.constants[name].astype(np.float64) for name in node.inputs[1:])
        scale = gamma / np.sqrt(variance + node.attributes["epsilon"])
        return node.inputs[0], scale, beta - mean * scale
    if node.op not in ("Mul", "Add"):
        return None
    for source, other in (node.inputs, node.inputs[::-1]):
        array = graph.constants.get(other)
        if array is None or source in graph.constants or not _per_channel(array):
            continue
        values = array.astype(np.float64).reshape(-1)
        return (source, values, np.zeros(1)) if node.op == "Mul" else (source, np.ones(1), values)
    return None


def _per_channel(array: np.ndarray) -> bool:
    """Whether it has one value, or one for each channel: (1, C, 1, 1) or (C, 1, 1)."""
    return array.size == 1 or (array.ndim >= 3 and array.shape[-3] == array.size)


def join_directions(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Replace two LSTMs that read one sequence forwards and backwards by one that does both."""
    uses = _uses(graph, outputs)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    for node in graph.nodes:
        if node.op != "Concat" or len(node.inputs) != 2:
            continue
        squeezes = [makers.get(name) for name in node.inputs]
        pair = [makers.get(each.inputs[0]) if each is not None and each.op == "Squeeze" else None for each in squeezes]
        first, second = pair
        if first is None or second is None or (first.op, second.op) != ("LSTM", "LSTM"):
            continue
        kinds = (first.attributes["direction"], second.attributes["direction"])
        if kinds != ("forward", "reverse") or first.inputs[0] != second.inputs[0]:
            continue
        if any(uses[each.outputs[0]] != 1 or uses[name] != 1 for each, name in zip(pair, node.inputs)):  # type: ignore[union-attr]
            continue
        for i in (1, 2, 3):
            both = np.concatenate([graph.constants[each.inputs[i]] for each in (first, second)])
            name = graph.name("lstm")
            graph.constants[name] = both
            first.inputs[i] = name
        first.attributes = {**first.attributes, "direction": "bidirectional"}
        # (T, 2, N, H) -> (T, N, 2, H) -> (T, N, 2 H)
        turned, target = graph.name("Transpose"), graph.name("constant")
        graph.constants[target] = np.array([0, 0, -1], np.int64)
        squeezed = squeezes[0]
        assert squeezed is not None
        squeezed.op, squeezed.inputs, squeezed.outputs = "Transpose", [first.outputs[0]], [turned]
        squeezed.attributes = {"perm": [0, 2, 1, 3]}
        node.op, node.inputs, node.attributes = "Reshape", [turned, target], {}


def drop_copies(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Let the operations before the last copies, which only give outputs their names, have these names themselves."""
    uses = _uses(graph, outputs)
    makers = {output: node for node in graph.nodes for output in node.outputs}
    kept: list[Node] = []
    for node in graph.nodes:
        maker = makers.get(node.inputs[0]) if node.op == "Identity" else None
        if maker is None or uses[node.inputs[0]] != 1:
            kept.append(node)
        else:
            maker.outputs = node.outputs
    graph.nodes = kept


def remove_unused(graph: GraphBuilder, outputs: Sequence[str]) -> None:
    """Remove operations and constants on which no output depends."""
    needed = set(outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed & set(node.outputs):
            needed |= set(node.inputs)
            kept.append(node)
    graph.nodes = kept[::-1]
    graph.constants = {name: array for name, array in graph.constants.items() if name in needed}


def drop_denormals(graph: GraphBuilder) -> int:
    """Set negligible weights to 0; returns how many were not 0 before."""
    count = 0
    for name, array in graph.constants.items():
        if array.dtype.kind == "f" and array.size > 1:
            tiny = (np.abs(array) < NEGLIGIBLE) & (array != 0)
            if tiny.any():
                graph.constants[name] = np.where(tiny, array.dtype.type(0), array)
                count += int(tiny.sum())
    return count


def _uses(graph: GraphBuilder, outputs: Sequence[str]) -> dict[str, int]:
    """How often each value is read."""
    uses: dict[str, int] = dict.fromkeys(outputs, 1)
    for node in graph.nodes:
        for name in node.inputs:
            uses[name] = uses.get(name, 0) + 1
    return uses
