"""The recurrent layers of Paddle's programs, written as ONNX writes them: one LSTM for each layer.

Paddle has one operation, ``rnn``, for all layers. Where the facts below come from: ``python/paddle/nn/layer/rnn.py`` of
PaddlePaddle. ``RNNBase.flatten_parameters`` orders the list of weights: for each layer and in it for each direction the
weight of the input and that of the state, then in the same way all biases. ``LSTMCell.forward`` splits the rows of each
into the gates input, forget, cell, output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import Node
from mindocr.models.converters.paddle_program import Operation

RECURRENT = "rnn"
_INPUT, _WEIGHTS = ("Input", "0"), ("WeightList", "2")  # names in .pdmodel and positions in .json
# Parts of Paddle's gates, in hidden sizes, in ONNX's order: input, output, forget and cell
_GATES = ((0, 1), (3, 4), (1, 3))
_LIST = "combine"  # operation of .json that makes a list of values


def lists_of(operations: Sequence[Operation]) -> dict[str, tuple[str, ...]]:
    """Name of a list of values -> its members, for programs that make lists by an operation."""
    return {
        name: tuple(member for names in each.inputs.values() for member in names)
        for each in operations
        if each.type == _LIST
        for name in each.outputs
    }


def lstm_nodes(operation: Operation, lists: Mapping[str, tuple[str, ...]]) -> list[Node]:
    """An operation ``rnn`` as one LSTM of ONNX for each layer, with the operations that rearrange the weights for it.

    Args:
        operation: it.
        lists: what :func:`lists_of` returned.

    Raises:
        CheckpointError: it is no LSTM, or its list of weights has another length than its layers need.
    """
    weights = tuple(member for name in _taken(operation, _WEIGHTS) for member in lists.get(name, (name,)))
    kind, layers, hidden = (operation.attributes.get(key) for key in ("mode", "num_layers", "hidden_size"))
    if kind != "LSTM":
        raise CheckpointError(f"a recurrent layer of the kind {kind}, which is not supported; only LSTM is")
    directions = 2 if operation.attributes.get("is_bidirec") else 1
    if not isinstance(layers, int) or not isinstance(hidden, int) or len(weights) != 4 * directions * layers:
        raise CheckpointError(
            f"an LSTM of {layers} layers of {hidden} channels in {directions} directions with {len(weights)} weights "
            "and biases; expected four for each layer and direction"
        )
    (value,) = _taken(operation, _INPUT)[:1] or ("",)
    result = operation.outputs[0] if operation.outputs else ""
    nodes: list[Node] = []
    for layer in range(layers):
        pairs = [2 * (layer * directions + i) for i in range(directions)]
        halves = [weights[start : start + len(weights) // 2] for start in (0, len(weights) // 2)]
        members = [[half[pair + use] for pair in pairs] for half in halves for use in (0, 1)]
        name = f"{result}/{layer}"
        target = result if layer == layers - 1 else name
        nodes += _layer(name, value, members, hidden, target)
        value = target
    return nodes


def _taken(operation: Operation, names: tuple[str, str]) -> tuple[str, ...]:
    return next((operation.inputs[name] for name in names if name in operation.inputs), ())


def _layer(name: str, value: str, members: Sequence[Sequence[str]], hidden: int, target: str) -> list[Node]:
    """One LSTM.

    Args:
        name: beginning of the names of its values.
        value: its input.
        members: the parameters of the directions, for each of: weights of the input and of the state, their biases.
        hidden: channels of one direction.
        target: its result.
    """
    nodes: list[Node] = []
    for use, parameters in enumerate(members):
        for parameter in parameters:
            nodes += _reordered(parameter, f"{name}/{parameter}", hidden)
        nodes.append(Node("Concat", tuple(f"{name}/{each}" for each in parameters), (f"{name}/{use}",), {"axis": 0}))
    nodes.append(Node("Concat", (f"{name}/2", f"{name}/3"), (f"{name}/bias",), {"axis": 1}))
    direction = b"bidirectional" if len(members[0]) == 2 else b"forward"
    attributes = {"direction": direction, "hidden_size": hidden}
    return [*nodes, Node("LSTM", (value, f"{name}/0", f"{name}/1", f"{name}/bias"), (target,), attributes)]


def _reordered(parameter: str, target: str, hidden: int) -> list[Node]:
    """A parameter (4 hidden, ...) in ONNX's order of the gates, with an axis for the directions before the others."""
    nodes = []
    for i, (start, end) in enumerate(_GATES):
        bounds = {"axes": [0], "starts": [start * hidden], "ends": [end * hidden]}
        nodes.append(Node("Slice", (parameter,), (f"{target}/gates{i}",), bounds))
    gates = tuple(name for node in nodes for name in node.outputs)
    nodes.append(Node("Concat", gates, (f"{target}/onnx",), {"axis": 0}))
    return [*nodes, Node("Unsqueeze", (f"{target}/onnx",), (target,), {"axes": [0]})]
