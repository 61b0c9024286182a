"""Layers of an ONNX file: biases, norms, shapes, and tensors that no layer takes."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_writer import model, node

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import read_onnx
from mindocr.models.converters.onnx_layers import check_use, count_kinds, layers_of, without_tiny

KERNEL = np.ones((4, 3, 1, 1), np.float32)
FOUR = np.arange(4, dtype=np.float32)


def read(tmp_path, steps, tensors):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(steps, tensors))
    return read_onnx(path)


def test_a_bias_may_be_an_input_an_addition_or_a_reshaped_addition(tmp_path):
    steps = [
        node("Conv", ["x", "k1", "b1"], ["a"]),
        node("Conv", ["a", "k2"], ["b"]),
        node("Add", ["b", "b2"], ["c"]),
        node("Conv", ["c", "k3"], ["d"]),
        node("Reshape", ["b3", "shape"], ["e"]),
        node("Add", ["e", "d"], ["y"]),
    ]
    tensors = {f"k{i}": KERNEL for i in (1, 2, 3)} | {"b1": FOUR, "b2": FOUR.reshape(1, 4, 1, 1) + 1, "b3": FOUR + 2}
    file = read(tmp_path, steps, {**tensors, "shape": np.array([1, 4, 1, 1])})
    found = layers_of(file)
    check_use(file, found)
    assert [layer.arrays["bias"].tolist() for layer in found] == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]


def test_identities_between_an_operation_and_its_addition_are_looked_through(tmp_path):
    steps = [
        node("ConvTranspose", ["x", "k"], ["a"]),
        node("Identity", ["a"], ["b"]),
        node("Identity", ["b"], ["c"]),
        node("Add", ["c", "bias"], ["y"]),
    ]
    weight = np.ones((3, 4, 2, 2), np.float32)
    (layer,) = layers_of(read(tmp_path, steps, {"k": weight, "bias": FOUR.reshape(1, 4, 1, 1)}))
    assert (layer.kind, layer.arrays["bias"].tolist()) == ("deconv", [0, 1, 2, 3])


def test_an_addition_of_a_computed_value_is_no_bias(tmp_path):
    steps = [node("Conv", ["x", "k"], ["a"]), node("Add", ["a", "x"], ["y"])]
    (layer,) = layers_of(read(tmp_path, steps, {"k": KERNEL}))
    assert set(layer.arrays) == {"weight"}


def test_a_norm_has_its_four_arrays_in_the_order_of_the_standard(tmp_path):
    steps = [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])]
    (layer,) = layers_of(read(tmp_path, steps, {name: FOUR + i for i, name in enumerate("sbmv")}))
    assert layer.kind == "norm"
    assert {role: int(array[0]) for role, array in layer.arrays.items()} == {
        "gamma": 0, "beta": 1, "moving_mean": 2, "moving_variance": 3,
    }  # fmt: skip


def test_a_factor_and_a_summand_for_all_channels_are_a_layer(tmp_path):
    steps = [
        node("Mul", ["factor", "x"], ["a"]),
        node("Add", ["a", "summand"], ["y"]),
        node("Mul", ["y", "six"], ["z"]),
    ]
    numbers = {"factor": [2.0], "summand": [-1.0], "six": [1 / 6]}  # a factor without a summand is part of a formula
    (layer,) = layers_of(read(tmp_path, steps, {name: np.array(v, np.float32) for name, v in numbers.items()}))
    assert (layer.kind, {role: array.tolist() for role, array in layer.arrays.items()}) == (
        "affine", {"scale": [2], "bias": [-1]},
    )  # fmt: skip


def test_a_matrix_is_turned_to_outputs_by_inputs(tmp_path):
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    steps = [node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "b"], ["y"])]
    (layer,) = layers_of(read(tmp_path, steps, {"w": weight, "b": np.arange(3, dtype=np.float32)}))
    assert layer.arrays["weight"].tolist() == weight.T.tolist()
    assert layer.arrays["bias"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["Constant_7", "p2o.helper.constant.3"])
def test_numbers_of_a_formula_are_no_layer(tmp_path, name):
    one = np.ones(1, np.float32)
    steps = [
        node("Conv", ["x", "k"], ["a"]),
        node("Mul", ["a", name], ["b"]),
        node("Add", ["b", f"{name}0"], ["c"]),
        node("Mul", ["c", "lab.w_0"], ["d"]),
        node("Add", ["d", "lab.w_1"], ["y"]),
    ]
    file = read(tmp_path, steps, {"k": KERNEL, name: one, f"{name}0": one, "lab.w_0": one, "lab.w_1": one})
    assert [layer.kind for layer in layers_of(file)] == ["conv", "affine"]


def test_a_tensor_without_layer_is_named(tmp_path):
    steps = [node("Conv", ["x", "k"], ["a"]), node("Mul", ["a", "scale"], ["y"])]
    file = read(tmp_path, steps, {"k": KERNEL, "scale": FOUR})
    with pytest.raises(CheckpointError, match=r"1 tensors belong to no layer .* 'scale' \[4\].* Mul takes"):
        check_use(file, layers_of(file))


def test_a_tensor_of_two_layers_is_named(tmp_path):
    file = read(tmp_path, [node("Conv", ["x", "k"], ["a"]), node("Conv", ["x", "k"], ["y"])], {"k": KERNEL})
    with pytest.raises(CheckpointError, match="'k' belongs to two layers"):
        check_use(file, layers_of(file))


def test_constants_of_a_formula_and_of_a_resizing_need_no_layer(tmp_path):
    steps = [node("Conv", ["x", "k"], ["a"]), node("Resize", ["a", "", "sizes"], ["b"]), node("Div", ["b", "6"], ["y"])]
    file = read(tmp_path, steps, {"k": KERNEL, "sizes": FOUR, "6": np.array(6, np.float32)})
    check_use(file, layers_of(file))
    assert count_kinds(layers_of(file)) == "1 conv"


def test_tiny_weights_become_zero():
    array, count = without_tiny(np.array([1, -1e-31, 0, 1e-40, -2], np.float32))
    assert (array.tolist(), count) == ([1, 0, 0, 0, -2], 2)
