"""LSTMs of ONNX files: the order of the gates, weights that are stored whole or put together by the graph."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_writer import model, node

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import read_onnx
from mindocr.models.converters.onnx_layers import check_use, layers_of

HIDDEN, INPUTS = 2, 3
GATES = np.arange(8, dtype=np.float32).reshape(8, 1)  # the row number: i 0-1, o 2-3, f 4-5, c 6-7
OURS = [0, 1, 4, 5, 6, 7, 2, 3]  # i, f, c, o
WEIGHT = np.stack([GATES + 10 * d + np.zeros(INPUTS, np.float32) for d in (0, 1)])
RECURRENT = np.stack([GATES + 100 + 10 * d + np.zeros(HIDDEN, np.float32) for d in (0, 1)])
BIAS = np.stack([np.concatenate([GATES[:, 0] + 10 * d, GATES[:, 0] + 100 + 10 * d]) for d in (0, 1)])
TENSORS = {"W": WEIGHT, "R": RECURRENT, "B": BIAS}


def read(tmp_path, steps, tensors):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(steps, tensors))
    return read_onnx(path)


def lstm(*inputs, **attributes):
    return node("LSTM", ["x", *inputs], ["y"], direction="bidirectional", hidden_size=HIDDEN, **attributes)


def expected(number=0):
    names = {"weight_ih": WEIGHT, "weight_hh": RECURRENT, "bias_ih": BIAS[:, :8], "bias_hh": BIAS[:, 8:]}
    return {
        f"{name}_l{number}{end}": array[d][OURS].tolist()
        for name, array in names.items()
        for d, end in enumerate(("", "_reverse"))
    }


def arrays(layer):
    return {role: array.tolist() for role, array in layer.arrays.items()}


def test_stored_weights_change_their_order_of_gates(tmp_path):
    file = read(tmp_path, [lstm("W", "R", "B")], TENSORS)
    (layer,) = found = layers_of(file)
    check_use(file, found)
    assert layer.kind == "lstm" and arrays(layer) == expected()
    assert set(layer.names.values()) == {"W", "R", "B"}


def test_weights_of_two_cells_in_our_order_that_the_graph_rearranges(tmp_path):
    """As in PP-OCRv2's file: each direction is a tensor in the order i, f, c, o, and bounds are inputs of Slice."""
    steps, tensors, inputs = [], {}, []
    for name, array in (("W", WEIGHT), ("R", RECURRENT), ("B0", BIAS[:, :8]), ("B1", BIAS[:, 8:])):
        tensors |= {f"{name}{d}": array[d][OURS] for d in (0, 1)}
        steps += [node("Unsqueeze", [f"{name}{d}"], [f"{name}u{d}"], axes=[0]) for d in (0, 1)]
        steps.append(node("Concat", [f"{name}u0", f"{name}u1"], [f"{name}c"], axis=0))
        bounds = {"i": (0, 2), "o": (6, 8), "fc": (2, 6)}
        for part, (start, end) in bounds.items():
            tensors |= {f"{name}{part}s": np.array([start]), f"{name}{part}e": np.array([end])}
            tensors["one"] = np.array([1])
            steps.append(node("Slice", [f"{name}c", f"{name}{part}s", f"{name}{part}e", "one"], [f"{name}{part}"]))
        steps.append(node("Concat", [f"{name}{part}" for part in bounds], [name], axis=1))
        inputs.append(name)
    steps.append(node("Concat", ["B0", "B1"], ["B"], axis=1))
    file = read(tmp_path, [*steps, lstm("W", "R", "B")], tensors)
    (layer,) = found = layers_of(file)
    check_use(file, found)
    assert arrays(layer) == expected()
    assert layer.names["bias_hh_l0_reverse"] == "B11" and len(set(layer.names.values())) == 8


def test_transposed_weights_and_old_slices(tmp_path):
    steps = [
        node("Transpose", ["Wt"], ["W"], perm=[0, 2, 1]),
        node("Slice", ["Rlong"], ["R"], starts=[0], ends=[2], axes=[2]),
        lstm("W", "R", "B"),
    ]
    tensors = {"Wt": WEIGHT.transpose(0, 2, 1), "Rlong": np.concatenate([RECURRENT, RECURRENT], 2), "B": BIAS}
    (layer,) = layers_of(read(tmp_path, steps, tensors))
    assert arrays(layer) == expected()


def test_two_lstms_are_two_layers_of_a_stack_and_their_initial_state_is_no_weight(tmp_path):
    steps = [
        node("Tile", ["zeros", "repeats"], ["h"]),
        lstm("W", "R", "B", "", "h", "h"),
        node("LSTM", ["y", "W2", "R2", "B2"], ["z"], direction="bidirectional", hidden_size=HIDDEN),
    ]
    tensors = {**TENSORS, **{f"{name}2": array for name, array in TENSORS.items()}}
    tensors |= {"zeros": np.zeros((2, 1, 2), np.float32), "repeats": np.array([1, 4, 1])}
    file = read(tmp_path, steps, tensors)
    found = layers_of(file)
    check_use(file, found)
    assert [arrays(layer) for layer in found] == [expected(0), expected(1)]
    other = read(tmp_path, steps, {**tensors, "zeros": np.ones((2, 1, 2), np.float32)})
    with pytest.raises(CheckpointError, match="1 tensors belong to no layer .* such as 'zeros'"):
        check_use(other, layers_of(other))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lstm("W", "R", "B", clip=1.0), "an LSTM with the attribute clip, which is not supported"),
        (lstm("W", "R", "B", "", "", "", "P"), "an LSTM with peepholes"),
        (node("LSTM", ["x", "W", "R", "B"], ["y"], direction="reverse"), "the direction 'reverse'"),
        (lstm("W", "R"), "an LSTM without stored weights or without biases"),
        (lstm("x", "R", "B"), "an LSTM without stored weights or without biases"),
        (node("LSTM", ["x", "W", "R", "B"], ["y"]), "an LSTM without stored weights"),
        (lstm("W", "R", "half"), r"an LSTM with weights \[2, 8, 3\] and biases \[2, 8\]"),
    ],
)
def test_other_lstms_are_refused(tmp_path, step, message):
    file = read(tmp_path, [step], {**TENSORS, "P": BIAS, "half": BIAS[:, :8]})
    with pytest.raises(CheckpointError, match=message):
        layers_of(file)


def test_gates_in_tensors_of_their_own_are_refused(tmp_path):
    steps = [node("Concat", ["W1", "W2"], ["W"], axis=1), lstm("W", "R", "B")]
    tensors = {"W1": WEIGHT[:, :2], "W2": WEIGHT[:, 2:], "R": RECURRENT, "B": BIAS}
    with pytest.raises(CheckpointError, match="weight_ih_l0 is put together of 2 stored tensors"):
        layers_of(read(tmp_path, steps, tensors))
