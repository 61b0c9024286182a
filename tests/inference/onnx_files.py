"""Small ONNX files."""

import json

import onnx
from onnx import TensorProto, helper


def write_bright_is_text(path, shape=("n", 3, "h", "w"), output="prob", metadata=None):
    """A network whose output is 1 where the mean of the channels is above 0, as in ``bright_is_text.py``.

    Args:
        shape: of its input; names are dimensions of any size.
        metadata: for the file, without the prefix of its keys.
    """
    nodes = [
        helper.make_node("ReduceMean", ["image", "axes"], ["mean"], keepdims=1),
        helper.make_node("Greater", ["mean", "zero"], ["bright"]),
        helper.make_node("Cast", ["bright"], [output], to=TensorProto.FLOAT),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
    ]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    found = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "bright_is_text", [given], [found], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {f"mindocr.{key}": json.dumps(value) for key, value in (metadata or {}).items()})
    onnx.save(model, str(path))
    return path
