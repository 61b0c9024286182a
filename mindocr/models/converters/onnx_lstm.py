"""The weights of an LSTM in an ONNX file: one array for each gate order, direction and use, however they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import Node, OnnxFile

_DIRECTIONS = {b"forward": ("",), b"bidirectional": ("", "_reverse")}
_KNOWN_ATTRIBUTES = {"direction", "hidden_size"}
# ONNX orders the gates input, output, forget, cell; MindSpore input, forget, cell, output.
_GATES = (0, 2, 3, 1)
_DEEPEST = 16  # operations between a stored tensor and the LSTM


def lstm_arrays(
    node: Node, file: OnnxFile, makers: Mapping[str, Node], number: int
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of an LSTM under MindSpore's names.

    Files store them in ONNX's order of the gates, or in another one that operations of the graph rearrange; these are
    computed here.

    Args:
        node: the LSTM.
        file: its file.
        makers: value -> the operation that computes it.
        number: position among the LSTMs of the file, which are taken as the layers of one stack.

    Returns:
        Role -> array, and role -> name of the stored tensor. With H channels of one direction and ``_reverse`` at the
        end for the other one: ``weight_ih_l<number>`` (4H, inputs), ``weight_hh_l<number>`` (4H, H),
        ``bias_ih_l<number>`` and ``bias_hh_l<number>`` (4H,).

    Raises:
        CheckpointError: an LSTM of another kind, or one whose weights are not stored.
    """
    ends = _DIRECTIONS.get(node.attributes.get("direction", b"forward"))
    others = sorted(set(node.attributes) - _KNOWN_ATTRIBUTES)
    if ends is None or others or any(node.inputs[7:]):
        what = f"the attribute {others[0]}" if others else "peepholes" if ends else "the direction 'reverse'"
        raise CheckpointError(f"an LSTM with {what}, which is not supported")
    values = _roles(node, ends, number, lambda name: _fold(name, makers, file.tensors, file.tensors.get))
    names = list(file.tensors)
    numbers = {name: i for i, name in enumerate(names)}

    def origin(name: str) -> np.ndarray | None:
        return np.full(file.tensors[name].shape, numbers[name]) if name in numbers else None

    origins = _roles(node, ends, number, lambda name: _fold(name, makers, file.tensors, origin))
    tensors = {}
    for role, places in origins.items():
        found = np.unique(places)
        if len(found) != 1:
            raise CheckpointError(
                f"an LSTM whose {role} is put together of {len(found)} stored tensors, which is not supported"
            )
        tensors[role] = names[int(found[0])]
    return values, tensors


def _roles(
    node: Node, ends: tuple[str, ...], number: int, fold: Callable[[str], np.ndarray | None]
) -> dict[str, np.ndarray]:
    """Role -> array, from the inputs W (directions, 4H, inputs), R (directions, 4H, H), B (directions, 8H)."""
    inputs = [fold(name) for name in node.inputs[1:4]]
    if len(inputs) < 3 or any(array is None or array.ndim < 2 or array.shape[0] != len(ends) for array in inputs):
        raise CheckpointError("an LSTM without stored weights or without biases, which is not supported")
    weight, recurrent, bias = inputs
    assert weight is not None and recurrent is not None and bias is not None
    if any(array.shape[1] % 8 for array in (weight, recurrent, bias)) or bias.shape[1] != 2 * weight.shape[1]:
        raise CheckpointError(f"an LSTM with weights {list(weight.shape)} and biases {list(bias.shape)}")
    half = bias.shape[1] // 2
    parts = {"weight_ih": weight, "weight_hh": recurrent, "bias_ih": bias[:, :half], "bias_hh": bias[:, half:]}
    return {f"{part}_l{number}{end}": _ordered(array[i]) for part, array in parts.items() for i, end in enumerate(ends)}


def _ordered(array: np.ndarray) -> np.ndarray:
    """(4H, ...) in ONNX's order of the gates -> in MindSpore's."""
    gates = np.split(array, 4)
    return np.concatenate([gates[i] for i in _GATES])


def _fold(
    name: str,
    makers: Mapping[str, Node],
    tensors: Mapping[str, np.ndarray],
    leaf: Callable[[str], np.ndarray | None],
    depth: int = 0,
) -> np.ndarray | None:
    """The value that operations of moving elements compute from ``leaf(name)`` of stored tensors; None for others.

    Args:
        tensors: the stored tensors, for positions and axes.
        leaf: what takes the place of a stored tensor.
    """
    if name in tensors:
        return leaf(name)
    node = makers.get(name)
    move = _MOVES.get(node.op) if node else None
    if node is None or move is None or depth == _DEEPEST:
        return None
    count = len(node.inputs) if node.op == "Concat" else 1
    moved = [_fold(each, makers, tensors, leaf, depth + 1) for each in node.inputs[:count]]
    settings = [tensors.get(each) for each in node.inputs[count:]]
    if any(array is None for array in (*moved, *settings)):
        return None
    try:
        return move(node, moved, settings)  # type: ignore[arg-type]
    except (ValueError, IndexError, TypeError, KeyError):  # arrays or numbers that do not fit the operation
        return None


_Arrays = list[np.ndarray]


def _concat(node: Node, arrays: _Arrays, settings: _Arrays) -> np.ndarray:
    return np.concatenate(arrays, axis=node.attributes.get("axis", 0))


def _slice(node: Node, arrays: _Arrays, settings: _Arrays) -> np.ndarray:
    """Starts, ends, axes and steps are inputs, and attributes before opset 10."""
    given = settings or [np.array(node.attributes[key]) for key in ("starts", "ends")]
    axes = given[2] if len(given) > 2 else np.array(node.attributes.get("axes", range(len(given[0]))))
    steps = given[3] if len(given) > 3 else np.ones(len(axes), int)
    parts = [slice(None)] * arrays[0].ndim
    for axis, start, end, step in zip(axes, given[0], given[1], steps):
        parts[axis] = slice(int(start), int(end), int(step))
    return arrays[0][tuple(parts)]


def _unsqueeze(node: Node, arrays: _Arrays, settings: _Arrays) -> np.ndarray:
    """The axes are an attribute, and an input from opset 13."""
    axes = settings[0].tolist() if settings else node.attributes["axes"]
    return np.expand_dims(arrays[0], tuple(axes))


def _transpose(node: Node, arrays: _Arrays, settings: _Arrays) -> np.ndarray:
    return np.transpose(arrays[0], node.attributes.get("perm"))


def _same(node: Node, arrays: _Arrays, settings: _Arrays) -> np.ndarray:
    return arrays[0]


_MOVES: Mapping[str, Callable[[Node, _Arrays, _Arrays], np.ndarray]] = {
    "Concat": _concat,
    "Slice": _slice,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Identity": _same,
    "Cast": _same,
}
