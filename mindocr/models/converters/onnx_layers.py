"""The layers of an ONNX file in the order of its graph, each with its weights; every stored tensor is used once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.onnx_file import Node, OnnxFile
from mindocr.models.converters.onnx_lstm import lstm_arrays

# Weights below this are left by weight decay. Nothing changes when they become 0, and arithmetic with denormal numbers
# takes up to a hundred times as long.
TINY = 1e-30

_SHAPING = ("Reshape", "Identity", "Cast", "Unsqueeze", "Squeeze")  # they leave the values of a tensor as they are
_CONSTANTS = ("helper.constant", "Constant_")  # in the names of numbers that are no weights
_WEIGHTED = {"Conv": "conv", "ConvTranspose": "deconv", "MatMul": "linear", "Gemm": "linear"}
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class Layer:
    """One layer with weights.

    Attributes:
        kind: ``conv``, ``deconv``, ``linear``, ``norm`` (BatchNorm), ``scale`` (the end of a LayerNorm),
            ``affine`` (one factor and one summand for all channels) or ``lstm``.
        arrays: ``weight`` and, if the layer has one, ``bias``; for ``norm`` the four arrays of a BatchNorm, for
            ``scale`` ``gamma`` and ``beta``, for ``affine`` ``scale`` and ``bias``, for ``lstm`` those of
            :func:`~.onnx_lstm.lstm_arrays`, under our names. Shapes are those of MindSpore's layers.
        names: role -> name of the tensor in the file.
        node: the operation.
    """

    kind: str
    arrays: Mapping[str, np.ndarray]
    names: Mapping[str, str]
    node: Node


def layers_of(file: OnnxFile) -> list[Layer]:
    """All layers, in the order of the graph."""
    graph = _Graph(file)
    return [layer for node in file.nodes if (layer := graph.layer(node)) is not None]


def check_use(file: OnnxFile, layers: Sequence[Layer]) -> None:
    """Check that every stored tensor of more than one value belongs to exactly one layer.

    Raises:
        CheckpointError: a tensor belongs to no layer, or to two.
    """
    graph = _Graph(file)
    used = Counter(name for layer in layers for name in set(layer.names.values()))
    twice = [name for name, count in used.items() if count > 1]
    if twice:
        raise CheckpointError(f"the tensor '{twice[0]}' belongs to two layers; such networks are not supported")
    left = [name for name in graph.stored_weights() if name not in used]
    if left:
        shape = list(file.tensors[left[0]].shape)
        raise CheckpointError(
            f"{len(left)} tensors belong to no layer that this converter knows, such as '{left[0]}' {shape}, which the "
            f"operation {graph.user_of(left[0])} takes"
        )


def without_tiny(array: np.ndarray) -> tuple[np.ndarray, int]:
    """The array as float32 with 0 for every value below :data:`TINY`, and how many values that changed."""
    array = np.array(array, np.float32)
    tiny = (np.abs(array) < TINY) & (array != 0)
    array[tiny] = 0
    return array, int(tiny.sum())


class _Graph:
    """Who computes and who takes each value."""

    def __init__(self, file: OnnxFile) -> None:
        self._file = file
        self._maker = {name: node for node in file.nodes for name in node.outputs}
        self._recurrent = [id(node) for node in file.nodes if node.op == "LSTM"]
        self._users: dict[str, list[Node]] = defaultdict(list)
        for node in file.nodes:
            for name in node.inputs:
                self._users[name].append(node)

    def layer(self, node: Node) -> Layer | None:
        """The layer that an operation computes; None for one without weights."""
        if node.op == "BatchNormalization":
            names = [self._source(name) for name in node.inputs[1:5]]
            if len(names) != 4 or None in names:
                return None
            return self._make("norm", dict(zip(_NORM, names)), node)  # type: ignore[arg-type]
        if node.op == "Mul":
            return self._scale(node)
        if node.op == "LSTM":
            arrays, tensors = lstm_arrays(node, self._file, self._maker, self._recurrent.index(id(node)))
            return Layer("lstm", arrays, tensors, node)
        kind = _WEIGHTED.get(node.op)
        weight = self._source(node.inputs[1]) if kind and len(node.inputs) > 1 else None
        if kind is None or weight is None or self._file.tensors[weight].ndim < 2:
            return None
        has_input = len(node.inputs) > 2
        bias = self._source(node.inputs[2]) if has_input else self._added(node, self._outputs_of(node))
        return self._make(kind, {"weight": weight, **({"bias": bias} if bias else {})}, node)

    def _scale(self, node: Node) -> Layer | None:
        """A multiplication by a stored vector or number with the addition of another one behind it."""
        factor = next(filter(None, map(self._source, node.inputs)), None)
        if factor is None:
            return None
        size = self._file.tensors[factor].size
        summand = self._added(node, size)
        if summand is None:
            return None
        if size > 1:
            return self._make("scale", {"gamma": factor, "beta": summand}, node)
        # Numbers of formulas: Paddle's exporter names them so, and it adds 0 to the constant factor of attention.
        if (
            any(part in name for part in _CONSTANTS for name in (factor, summand))
            or not self._file.tensors[summand].any()
        ):
            return None
        return self._make("affine", {"scale": factor, "bias": summand}, node)

    def _make(self, kind: str, names: Mapping[str, str], node: Node) -> Layer:
        arrays = {role: self._file.tensors[name] for role, name in names.items()}
        if "bias" in arrays:
            arrays["bias"] = arrays["bias"].reshape(-1)
        if kind == "linear" and not (node.op == "Gemm" and node.attributes.get("transB")):
            arrays["weight"] = arrays["weight"].T  # stored as (in, out)
        return Layer(kind, arrays, names, node)

    def _source(self, name: str) -> str | None:
        """Name of the stored tensor that a value is, possibly in another shape; None for a computed value."""
        for _ in range(len(_SHAPING)):
            if name in self._file.tensors:
                return name
            maker = self._maker.get(name)
            if maker is None or maker.op not in _SHAPING:
                return None
            name = maker.inputs[0]
        return None

    def _added(self, node: Node, size: int) -> str | None:
        """Name of a bias of ``size`` values that a separate addition behind an operation adds."""
        value = node.outputs[0]
        users = self._users[value]
        while len(users) == 1 and users[0].op == "Identity":
            value = users[0].outputs[0]
            users = self._users[value]
        if len(users) != 1 or users[0].op != "Add":
            return None
        for name in users[0].inputs:
            source = self._source(name) if name != value else None
            if source and self._file.tensors[source].size == size:
                return source
        return None

    def _outputs_of(self, node: Node) -> int:
        """Number of output channels of a layer."""
        shape = self._file.tensors[str(self._source(node.inputs[1]))].shape
        if node.op == "Conv":
            return int(shape[0])
        return int(shape[1] * node.attributes.get("group", 1)) if node.op == "ConvTranspose" else int(shape[-1])

    def stored_weights(self) -> Iterator[str]:
        """Names of the stored float tensors that are no constants of a formula or of a resizing."""
        for name, array in self._file.tensors.items():
            if array.dtype.kind == "f" and array.size > 1 and self._is_weight(name):
                yield name

    def _is_weight(self, name: str) -> bool:
        users = self._users[name]
        if not users or all(user.op == "Resize" for user in users):
            return False
        # The initial state of an LSTM, repeated for each image of the batch
        return not (all(user.op == "Tile" for user in users) and not self._file.tensors[name].any())

    def user_of(self, name: str) -> str:
        """Type of the first operation that takes a value."""
        return self._users[name][0].op


def count_kinds(layers: Sequence[Layer]) -> str:
    """The number of layers of each kind as text, such as ``72 conv, 49 norm, 2 deconv``."""
    kinds = [layer.kind for layer in layers]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "no layers with weights"
