"""The reader of ONNX files: fields of the standard, and files that are cut short or of another kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_writer import block, model, node, number, tensor

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import read_onnx

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def written(tmp_path):
    def write(data: bytes):
        path = tmp_path / "net.onnx"
        path.write_bytes(data)
        return path

    return write


def test_nodes_tensors_and_texts_are_read(written):
    steps = [
        node("Constant", [], ["c"], value=np.array([3, -4], np.int64)),
        node("Conv", ["x", "w", ""], ["y"], pads=[1, 1, 0, -2], group=2, alpha=0.25, mode="linear"),
    ]
    file = read_onnx(written(model(steps, {"w": WEIGHT}, {"character": "a\nb"}, inputs=["x", "w"])))
    assert (file.opset, file.producer, file.inputs, file.outputs) == (12, "tests", ("x",), ("y",))
    assert file.metadata == {"character": "a\nb"}
    (conv,) = file.nodes
    assert (conv.op, conv.inputs, conv.outputs) == ("Conv", ("x", "w", ""), ("y",))
    assert conv.attributes == {"pads": [1, 1, 0, -2], "group": 2, "alpha": 0.25, "mode": b"linear"}
    assert file.tensors["c"].tolist() == [3, -4]
    assert np.array_equal(file.tensors["w"], WEIGHT)


@pytest.mark.parametrize("array", [WEIGHT, np.array([[1, -2]], np.int64)])
def test_values_in_typed_fields_are_those_of_raw_data(written, array):
    graph = block(1, node("Relu", ["x"], ["y"])) + block(5, tensor("t", array, raw=False))
    file = read_onnx(written(block(7, graph)))
    assert file.tensors["t"].dtype == array.dtype
    assert np.array_equal(file.tensors["t"], array)


def test_a_scalar_has_no_dimensions(written):
    file = read_onnx(written(model([node("Relu", ["x"], ["y"])], {"one": np.array(1.5, np.float32)})))
    assert file.tensors["one"].shape == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no graph"),
        (b"\x80" * 12, "longer than 64 bits"),
        (b"not a model", "not an ONNX file, or damaged or cut short"),
        (block(7, b""), "no operations"),
        (number(7, 5), "a number stands where a message"),
        (model([node("Relu", ["x"], ["y"])], {"w": WEIGHT})[:-30], "ends .* bytes after its message|cut short"),
        (
            block(7, block(1, node("Relu", ["x"], ["y"])) + block(5, number(1, 5) + number(2, 1) + block(9, b"1234"))),
            "has 1 values, its shape .5. needs 5",
        ),
        (block(7, block(5, number(2, 99) + block(8, "w"))), "'w' has the type 99"),
        (block(7, block(5, number(2, 1) + block(8, "w") + number(14, 1))), "'w' is stored in another file"),
    ],
)
def test_other_files_are_refused_in_a_sentence(written, data, message):
    path = written(data)
    with pytest.raises(CheckpointError, match=message) as error:
        read_onnx(path)
    assert str(path) in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.onnx: cannot be read \(No such file"):
        read_onnx(tmp_path / "none.onnx")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, data):
    whole = bytearray(model([node("Conv", ["x", "w"], ["y"], pads=[1, 1])], {"w": WEIGHT}, {"a": "b"}))
    for position in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[position] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "fuzzed.onnx"
    path.write_bytes(whole[: data.draw(st.integers(1, len(whole)))])
    try:
        read_onnx(path)
    except CheckpointError as error:
        assert str(path) in str(error)
