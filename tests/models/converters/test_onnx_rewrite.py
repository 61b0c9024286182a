"""ONNX files changed in place: denormal weights and metadata, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.models.converters.onnx_rewrite import with_metadata, without_tiny_weights

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
helper, TensorProto = onnx.helper, onnx.TensorProto

WEIGHT = np.array([[1.5, 1e-39, -1e-31], [0, 2e-30, -3]], np.float32)


def model(*tensors, nodes=()):
    nodes = [helper.make_node("Identity", ["x"], ["y"]), *nodes]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    made = helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:], list(tensors)))
    return made.SerializeToString()


def arrays(content):
    graph = onnx.load_from_string(bytes(content)).graph
    stored = [*graph.initializer, *(node.attribute[0].t for node in graph.node if node.op_type == "Constant")]
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in stored}


def test_tiny_weights_become_0_wherever_they_are_stored():
    raw = onnx.numpy_helper.from_array(WEIGHT, "raw")
    typed = helper.make_tensor("typed", TensorProto.FLOAT, WEIGHT.shape, WEIGHT.ravel().tolist())
    inner = onnx.numpy_helper.from_array(WEIGHT, "inner")
    content, count = without_tiny_weights(
        model(raw, typed, nodes=[helper.make_node("Constant", [], ["c"], value=inner)])
    )
    assert count == 6
    expected = np.array([[1.5, 0, 0], [0, 2e-30, -3]], np.float32)
    for name in ("raw", "typed", "inner"):
        np.testing.assert_array_equal(arrays(content)[name], expected)


def test_single_numbers_and_other_types_stay():
    small = onnx.numpy_helper.from_array(np.array(1e-40, np.float32), "epsilon")
    double = onnx.numpy_helper.from_array(np.array([1e-40, 1.0]), "double")
    whole = onnx.numpy_helper.from_array(np.array([1, 2], np.int64), "whole")
    before = model(small, double, whole)
    assert without_tiny_weights(before) == (before, 0)


def test_metadata_is_added_and_replaces_none():
    text = "ä" * 200 + "\n\U00020000"
    content = with_metadata(model(), {"mindocr.a": text, "mindocr.b": ""})
    found = {pair.key: pair.value for pair in onnx.load_from_string(content).metadata_props}
    assert found == {"mindocr.a": text, "mindocr.b": ""}
    assert onnx.load_from_string(content).graph == onnx.load_from_string(model()).graph
    again = with_metadata(content, {"mindocr.c": "3"})
    assert len(onnx.load_from_string(again).metadata_props) == 3


@pytest.mark.parametrize("cut", [1, 40])
def test_a_damaged_file(cut):
    content = model(onnx.numpy_helper.from_array(WEIGHT, "raw"))
    with pytest.raises(ValueError, match="cut short|ends .* bytes after its message"):
        without_tiny_weights(content[:-cut])
