"""Writes networks as ONNX files that take any number of images of any size.

MindSpore's own export to ONNX fixes all sizes and lacks operators such as HSwish and DeformableOffsets. Here the
network is exported as MindIR for any size, and the operations of that file are written as ONNX one by one.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.engine.export import mindir, onnx_deformable, onnx_layers, onnx_quantize, onnx_shapes, onnx_simplify
from mindocr.engine.export.mindir_graph import MindIRGraph, read_graph
from mindocr.engine.export.onnx_graph import IR_VERSION, OPSET, GraphBuilder, Tensor
from mindocr.engine.export.onnx_ops import HANDLERS, Call, unsupported
from mindocr.errors import UserError
from mindocr.inference.metadata import to_texts

logger = logging.getLogger(__name__)

INPUT = "image"
assert onnx_deformable and onnx_layers and onnx_shapes  # they fill HANDLERS


def write(
    network: Any,
    declared: Any,
    path: Path,
    metadata: Mapping[str, Any],
    outputs: Sequence[str],
    ranges: Mapping[str, Any] | None = None,
) -> None:
    """Write a network as ONNX.

    Args:
        network: an ``nn.Cell`` in evaluation mode.
        declared: tensor that states the shape of the input, None = any.
        path: file to write.
        metadata: stored in the file, see :mod:`mindocr.inference.metadata`.
        outputs: names of the network's outputs.
        ranges: weights that are written as int8, with the ranges of the inputs, see
            :func:`mindocr.models.quantization.rounded_weights`.

    Raises:
        UserError: the package onnx is not installed, or the network has an operation that has no ONNX form here; the
            message names it.
    """
    require_onnx()
    with tempfile.TemporaryDirectory(prefix="mindocr-export-") as folder:
        exported = Path(folder) / "model.mindir"
        mindir.write(network, declared, exported, {})
        graph = read_graph(exported)
    model = to_model(graph, outputs, metadata, ranges)
    import onnx

    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def require_onnx() -> None:
    """Check that the package onnx is there.

    Raises:
        UserError: it is not.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise UserError("writing ONNX files needs the package onnx; install it with: pip install onnx") from None


def to_model(
    graph: MindIRGraph, outputs: Sequence[str], metadata: Mapping[str, Any], ranges: Mapping[str, Any] | None = None
) -> Any:
    """The ``onnx.ModelProto`` of a network.

    Args:
        graph: its operations.
        outputs: names of its outputs.
        metadata: entries of the file.
        ranges: see :func:`write`.

    Raises:
        UserError: an operation has no ONNX form here.
    """
    builder = GraphBuilder()
    results = _translate(graph, builder)
    if len(results) != len(outputs):
        raise UserError(f"the network has {len(results)} outputs, but the names {', '.join(outputs)}")
    for result, name in zip(results, outputs):
        builder.add_named("Identity", result, name)
    onnx_simplify.remove_unused(builder, outputs)
    onnx_simplify.fold_into_convolutions(builder, outputs)
    onnx_simplify.thin_convolutions(builder, outputs)
    onnx_simplify.fold_into_convolutions(builder, outputs)
    onnx_simplify.fold_into_next_convolutions(builder, outputs)
    onnx_simplify.join_directions(builder, outputs)
    onnx_simplify.remove_unused(builder, outputs)
    onnx_simplify.drop_copies(builder, outputs)
    if dropped := onnx_simplify.drop_denormals(builder):
        logger.info(
            "%d weights below %g were set to 0 in the ONNX file: they change nothing, and slow a CPU down many times",
            dropped, onnx_simplify.NEGLIGIBLE,
        )  # fmt: skip
    if ranges:
        onnx_quantize.quantize(builder, ranges)
    return _model(builder, graph, list(zip(outputs, results)), metadata)


def _translate(graph: MindIRGraph, builder: GraphBuilder) -> tuple[Tensor, ...]:
    """Add the operations of a network; returns its outputs."""
    values: dict[str, Any] = {}
    values[graph.input] = Tensor(INPUT, np.dtype("f4"), shape=graph.input_shape)
    for name, array in graph.parameters.items():
        values[name] = builder.parameter(name.rpartition(":")[2], array)
    for name, constant in graph.constants.items():
        values[name] = builder.constant(constant) if isinstance(constant, np.ndarray) else constant
    calls: dict[str, Call] = {}
    for op in graph.ops:
        handler = HANDLERS.get(op.kind)
        if handler is None:
            raise unsupported(op)
        builder.scope = op.scope
        call = Call(op, [values[name] for name in op.inputs], builder, calls)
        value = handler(call)
        if isinstance(value, Tensor) and op.shape is not None:
            value = replace(value, shape=op.shape)
        values[op.output], calls[op.output] = value, call
    found = values[graph.output]
    return found if isinstance(found, tuple) else (found,)


def _model(
    builder: GraphBuilder, graph: MindIRGraph, outputs: Sequence[tuple[str, Tensor]], metadata: Mapping[str, Any]
) -> Any:
    import onnx
    from onnx import helper, numpy_helper

    from mindocr import __version__

    shape = [side if side >= 0 else symbol for side, symbol in zip(graph.input_shape, ("batch", "", "height", "width"))]
    nodes = [
        helper.make_node(node.op, node.inputs, node.outputs, name=node.outputs[0], doc_string=node.scope or None,
                         **node.attributes)
        for node in builder.nodes
    ]  # fmt: skip
    kinds = {name: helper.np_dtype_to_tensor_dtype(tensor.dtype) for name, tensor in outputs}
    results = [
        helper.make_tensor_value_info(name, kinds[name], _output_shape(tensor.shape)) for name, tensor in outputs
    ]
    image = helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, shape)
    weights = [numpy_helper.from_array(np.asarray(a, order="C"), name) for name, a in builder.constants.items()]
    made = helper.make_graph(nodes, "network", [image], results, weights)
    model = helper.make_model(
        made, producer_name="mindocr", producer_version=__version__, ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )  # fmt: skip
    helper.set_model_props(model, to_texts(metadata))
    return model


def _output_shape(shape: tuple[int, ...] | None) -> list[Any] | None:
    """Known sizes as numbers; the first axis is the batch, and each other unknown size gets a name of its own."""
    if shape is None:
        return None
    return [side if side >= 0 else "batch" if i == 0 else f"size_{i}" for i, side in enumerate(shape)]
