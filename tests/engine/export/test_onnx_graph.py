"""ONNX from lists of MindSpore's operations, without MindSpore: what is computed is compared with NumPy."""

import numpy as np
import pytest
from scipy.special import erf

from mindocr.engine.export.mindir_graph import MindIRGraph, Op
from mindocr.engine.export.onnx import to_model
from mindocr.errors import UserError

pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

ANY = (-1, 3, -1, -1)


def network(ops, parameters=None, constants=None, shape=ANY):
    """A network from (kind, inputs, settings, shape of the result); the output of op i is ``i``."""
    made = tuple(
        Op(kind, tuple(inputs), str(i), settings, f"Default/head-Cell/{kind}-op0", known)
        for i, (kind, inputs, settings, known) in enumerate(ops)
    )
    return MindIRGraph(made, "x", shape, str(len(made) - 1), parameters or {}, constants or {})


def run(graph, *images, outputs=("y",)):
    import onnx

    model = to_model(graph, outputs, {"outputs": list(outputs)})
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in model.graph.node]
    found = [session.run(None, {"image": image.astype(np.float32)})[0] for image in images]
    return kinds, found


def conv(**settings):
    usual = {"pad_mode": "pad", "pad": (1, 1, 1, 1), "stride": (1, 1, 1, 1), "dilation": (1, 1, 1, 1), "group": 1}
    return usual | settings


def test_a_batch_norm_is_folded_into_the_convolution():
    """1x1 convolution by 2, then (y - 1) / sqrt(4) * 3 + 5 = 3 x + 3.5."""
    parameters = {
        "w": np.full((1, 3, 1, 1), 2.0, np.float32), "gamma": np.array([3.0], np.float32),
        "beta": np.array([5.0], np.float32), "mean": np.array([1.0], np.float32),
        "variance": np.array([4.0], np.float32),
    }  # fmt: skip
    ops = [
        ("Conv2D", ["x", "w"], conv(pad_mode="valid"), (-1, 1, -1, -1)),
        ("BatchNorm", ["0", "gamma", "beta", "mean", "variance", "no", "eps"], {}, None),
        ("TupleGetItem", ["1", "zero"], {}, (-1, 1, -1, -1)),
    ]
    kinds, (found,) = run(network(ops, parameters, {"no": False, "eps": 0.0, "zero": 0}), np.ones((2, 3, 4, 5)))
    assert kinds == ["Conv"]
    np.testing.assert_allclose(found, np.full((2, 1, 4, 5), 3 * 3 + 3.5), rtol=1e-6)


def test_a_batch_norm_of_a_value_that_others_read_stays():
    ones = np.ones(1, np.float32)
    parameters = {"w": np.ones((1, 3, 1, 1), np.float32), "one": ones, "two": 2 * ones}
    ops = [
        ("Conv2D", ["x", "w"], conv(pad_mode="valid"), (-1, 1, -1, -1)),
        ("BatchNorm", ["0", "two", "one", "one", "one", "no", "eps"], {}, None),
        ("TupleGetItem", ["1", "zero"], {}, (-1, 1, -1, -1)),
        ("Add", ["0", "2"], {}, (-1, 1, -1, -1)),
    ]
    kinds, (found,) = run(network(ops, parameters, {"no": False, "eps": 0.0, "zero": 0}), np.ones((1, 3, 2, 2)))
    assert kinds == ["Conv", "BatchNormalization", "Add"]
    np.testing.assert_allclose(found, np.full((1, 1, 2, 2), 3 + (2 * (3 - 1) + 1)))


@pytest.mark.parametrize("size", [1, 3])
def test_a_factor_and_a_summand_go_into_the_next_convolution(size):
    """Only into a 1x1 convolution: where a larger one reads zeros beyond the border, nothing is added."""
    rng = np.random.default_rng(7)
    parameters = {"w": rng.normal(size=(2, 3, size, size)).astype(np.float32), "two": np.full(1, 2.0, np.float32)}
    ops = [
        ("ReLU", ["x"], {}, ANY),
        ("Mul", ["0", "two"], {}, ANY),
        ("Add", ["1", "two"], {}, ANY),
        ("Conv2D", ["2", "w"], conv(pad=(size // 2,) * 4), (-1, 2, -1, -1)),
    ]
    image = rng.normal(size=(1, 3, 4, 5))
    kinds, (found,) = run(network(ops, parameters), image)
    assert kinds == (["Relu", "Conv"] if size == 1 else ["Relu", "Mul", "Add", "Conv"])
    wide = np.pad(2 * np.maximum(image, 0) + 2, ((0, 0), (0, 0), *[(size // 2, size // 2)] * 2))
    windows = np.lib.stride_tricks.sliding_window_view(wide[0], (size, size), axis=(1, 2))
    np.testing.assert_allclose(found[0], np.einsum("oiab,ihwab->ohw", parameters["w"], windows), atol=1e-4)


def test_a_gelu_keeps_the_form_that_onnxruntime_knows():
    parameters = {"w": np.ones((1, 3, 1, 1), np.float32)}
    ops = [
        ("Div", ["x", "root"], {}, ANY),
        ("Erf", ["0"], {}, ANY),
        ("Add", ["1", "one"], {}, ANY),
        ("Mul", ["x", "2"], {}, ANY),
        ("Muls", ["3", "half"], {}, ANY),
        ("Conv2D", ["4", "w"], conv(pad_mode="valid"), (-1, 1, -1, -1)),
    ]
    image = np.random.default_rng(8).normal(size=(1, 3, 2, 2))
    kinds, (found,) = run(network(ops, parameters, {"root": 2**0.5, "one": 1.0, "half": 0.5}), image)
    assert kinds == ["Div", "Erf", "Add", "Mul", "Mul", "Conv"]
    np.testing.assert_allclose(found[0, 0], (image * (1 + erf(image / 2**0.5)) / 2).sum(axis=1)[0], atol=1e-5)


def test_borders_of_same_depend_on_the_size():
    """Max pooling 3x3 of stride 2: an odd pixel of the border is at the bottom right."""
    ops = [("MaxPool", ["x"], {"kernel_size": (1, 1, 3, 3), "strides": (1, 1, 2, 2), "pad_mode": "SAME"}, ANY)]
    images = [np.arange(3 * h * w).reshape(1, 3, h, w) for h, w in ((4, 6), (5, 7))]
    _, found = run(network(ops), *images)
    for image, pooled in zip(images, found):
        h, w = image.shape[2:]
        top, left = (max((-(-side // 2) - 1) * 2 + 3 - side, 0) // 2 for side in (h, w))
        wide = np.pad(image, ((0, 0), (0, 0), (top, 3), (left, 3)), constant_values=-1)
        expected = [[wide[0, 0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max() for j in range(-(-w // 2))]
                    for i in range(-(-h // 2))]  # fmt: skip
        np.testing.assert_array_equal(pooled[0, 0], expected)


def test_repeated_pixels_become_one_resize():
    constants = {"c0": 0, "c1": 1, "c2": 2, "c3": 3}
    ops = [
        ("Shape", ["x"], {}, None),
        ("TupleGetItem", ["0", "c0"], {}, None),
        ("TupleGetItem", ["0", "c2"], {}, None),
        ("TupleGetItem", ["0", "c3"], {}, None),
        ("MakeTuple", ["1", "c3", "2", "c1", "3", "c1"], {}, None),
        ("Reshape", ["x", "4"], {}, (-1, 3, -1, 1, -1, 1)),
        ("MakeTuple", ["1", "c3", "2", "c2", "3", "c2"], {}, None),
        ("BroadcastTo", ["5", "6"], {}, (-1, 3, -1, 2, -1, 2)),
        ("ScalarMul", ["2", "c2"], {}, None),
        ("ScalarMul", ["3", "c2"], {}, None),
        ("MakeTuple", ["1", "c3", "8", "9"], {}, None),
        ("Reshape", ["7", "10"], {}, ANY),
    ]
    image = np.random.default_rng(0).random((2, 3, 3, 5), np.float32)
    kinds, (found,) = run(network(ops, {}, constants), image)
    assert kinds == ["Resize"]
    np.testing.assert_array_equal(found, image.repeat(2, axis=2).repeat(2, axis=3))


@pytest.mark.parametrize("backwards", [False, True])
def test_an_lstm(backwards):
    """Gates are in MindSpore's order; a network that reverses its input and its output reads backwards."""
    rng = np.random.default_rng(1)
    size, hidden = 3, 2
    w, r, b = rng.normal(size=(4 * hidden, size)), rng.normal(size=(4 * hidden, hidden)), rng.normal(size=4 * hidden)
    flat = np.concatenate([w.ravel(), r.ravel(), b]).astype(np.float32).reshape(-1, 1, 1)
    image = rng.normal(size=(2, 3, 1, 6)).astype(np.float32)  # N, C, 1, T
    steps = (-1, -1, 3)
    ops = [
        ("Squeeze", ["x", "axis"], {}, (-1, 3, -1)),
        ("Transpose", ["0", "order"], {}, steps),
        ("ReverseV2", ["1", "first"], {}, steps),
        ("Zeros", ["state"], {}, (1, 2, 2)),
        ("LSTM", ["2" if backwards else "1", "3", "3", "w"], {"input_size": 3, "hidden_size": 2}, None),
        ("TupleGetItem", ["4", "zero"], {}, (-1, -1, 2)),
        ("ReverseV2", ["5", "first"], {}, (-1, -1, 2)),
    ]
    constants = {"axis": (2,), "order": (2, 0, 1), "first": (0,), "state": (1, 2, 2), "zero": 0}
    graph = network(ops if backwards else ops[:-1], {"w": flat}, constants, (-1, 3, 1, -1))
    kinds, (found,) = run(graph, image)
    assert kinds.count("LSTM") == 1 and "Slice" not in kinds
    sequence = image[:, :, 0].transpose(2, 0, 1)
    expected = lstm(sequence[::-1] if backwards else sequence, w, r, b)
    np.testing.assert_allclose(found, expected[::-1] if backwards else expected, atol=1e-5)


def test_two_lstms_of_one_sequence_become_one():
    rng = np.random.default_rng(4)
    flat = {name: rng.normal(size=(48, 1, 1)).astype(np.float32) for name in ("there", "back")}  # 8 x 3, 8 x 2, 8
    settings = {"input_size": 3, "hidden_size": 2}
    ops = [
        ("Squeeze", ["x", "axis"], {}, (-1, 3, -1)),
        ("Transpose", ["0", "order"], {}, (-1, -1, 3)),
        ("ReverseV2", ["1", "first"], {}, (-1, -1, 3)),
        ("Zeros", ["state"], {}, (1, 2, 2)),
        ("LSTM", ["1", "3", "3", "there"], settings, None),
        ("TupleGetItem", ["4", "zero"], {}, (-1, -1, 2)),
        ("LSTM", ["2", "3", "3", "back"], settings, None),
        ("TupleGetItem", ["6", "zero"], {}, (-1, -1, 2)),
        ("ReverseV2", ["7", "first"], {}, (-1, -1, 2)),
        ("MakeTuple", ["5", "8"], {}, None),
        ("Concat", ["9", "last"], {}, (-1, -1, 4)),
    ]
    constants = {"axis": (2,), "order": (2, 0, 1), "first": (0,), "state": (1, 2, 2), "zero": 0, "last": 2}
    image = rng.normal(size=(2, 3, 1, 6)).astype(np.float32)
    kinds, (found,) = run(network(ops, flat, constants, (-1, 3, 1, -1)), image)
    assert kinds.count("LSTM") == 1 and "Concat" not in kinds
    sequence = image[:, :, 0].transpose(2, 0, 1)
    parts = {name: (f[:24].reshape(8, 3), f[24:40].reshape(8, 2), f[40:].ravel()) for name, f in flat.items()}
    expected = [lstm(sequence, *parts["there"]), lstm(sequence[::-1], *parts["back"])[::-1]]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=2), atol=1e-5)


def test_rows_that_are_left_out_are_not_computed():
    """A convolution of which every second row is kept has stride 2 there."""
    weights = np.random.default_rng(5).normal(size=(2, 3, 3, 3)).astype(np.float32)
    image = np.random.default_rng(6).normal(size=(1, 3, 7, 6))
    whole = [("Conv2D", ["x", "w"], conv(), (-1, 2, -1, -1))]
    thinned = [
        *whole,
        ("Shape", ["0"], {}, None),
        ("TupleGetItem", ["1", "axis"], {}, None),
        ("Range", ["zero", "2", "step"], {}, (-1,)),
        ("Gather", ["0", "3", "axis"], {}, (-1, 2, -1, -1)),
    ]
    _, (expected,) = run(network(whole, {"w": weights}), image)
    kinds, (found,) = run(network(thinned, {"w": weights}, {"axis": 2, "zero": 0, "step": 2}), image)
    assert kinds == ["Conv"] and found.shape == (1, 2, 4, 6)
    np.testing.assert_allclose(found, expected[:, :, ::2], atol=1e-6)
    kinds, (found,) = run(network(thinned, {"w": weights}, {"axis": 2, "zero": 1, "step": 2}), image)
    assert kinds[-1] == "Gather"  # from the second row on
    np.testing.assert_allclose(found, expected[:, :, 1::2], atol=1e-6)


def lstm(sequence, w, r, b):
    """(T, N, C) -> (T, N, H); gates input, forget, cell, output (Hochreiter and Schmidhuber, 1997)."""
    h = c = np.zeros((sequence.shape[1], r.shape[1]))
    rows = []
    for x in sequence:
        i, f, g, o = np.split(x @ w.T + h @ r.T + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        rows.append(h)
    return np.stack(rows)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("step", "groups"), [(1, 1), (2, 3)])
def test_shifted_taps_of_a_deformable_convolution(step, groups):
    rng = np.random.default_rng(2)
    image = rng.normal(size=(2, 3, 6, 8)).astype(np.float32)
    h, w = 6 // step, 8 // step
    moved = rng.uniform(-2, 2, (2, 27 * groups, h, w)).astype(np.float32)
    settings = {"ksize": (3, 3), "strides": (1, 1, step, step), "pads": (1, 1, 1, 1), "deformable_groups": groups,
                "modulated": True}  # fmt: skip
    ops = [("DeformableOffsets", ["x", "moved"], settings, (-1, 3, -1, -1))]
    _, (found,) = run(network(ops, {"moved": moved}), image)
    expected = np.zeros((2, 3, h, 3, w, 3))
    for n, c, i, j, a, b in np.ndindex(2, 3, h, w, 3, 3):
        tap = c // (3 // groups) * 9 + 3 * a + b
        dx, dy, weight = (moved[n, tap + part * 9 * groups, i, j] for part in range(3))
        expected[n, c, i, a, j, b] = weight * read(image[n, c], i * step + a - 1 + dy, j * step + b - 1 + dx)
    np.testing.assert_allclose(found, expected.reshape(2, 3, 3 * h, 3 * w), atol=1e-4)


def read(image, y, x):
    """Bilinear interpolation, 0 outside."""
    top, left = int(np.floor(y)), int(np.floor(x))
    total = 0.0
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            total += image[row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return total


def test_whole_numbers_are_rounded_down_below_0_too():
    constants = {"a": np.array([-3, 3, -4], np.int64), "b": 2}
    _, (found,) = run(network([("FloorDiv", ["a", "b"], {}, (3,))], {}, constants), np.zeros((1, 3, 1, 1)))
    assert found.tolist() == [-2, 1, -2]


def test_negligible_weights_become_zero():
    weights = np.array([1e-38, 1.0, -1e-31], np.float32).reshape(1, 3, 1, 1)
    model = to_model(network([("Conv2D", ["x", "w"], conv(pad_mode="valid"), ANY)], {"w": weights}), ["y"], {})
    (stored,) = (np.frombuffer(each.raw_data, np.float32) for each in model.graph.initializer if each.name == "w")
    assert stored.tolist() == [0, 1, 0]


def test_an_unknown_operation_is_named_with_its_layer():
    with pytest.raises(UserError, match=r"operator Cholesky of MindSpore \(in head-Cell\) cannot be written as"):
        to_model(network([("Cholesky", ["x"], {}, ANY)]), ["y"], {})
    with pytest.raises(UserError, match=r"operator LSTM of MindSpore with several layers"):
        ops = [("LSTM", ["x", "x", "x", "w"], {"input_size": 1, "hidden_size": 1, "num_layers": 2}, None)]
        to_model(network(ops, {"w": np.zeros(12, np.float32)}), ["y"], {})
