"""Writes networks in Paddle's inference format, byte by byte from its definition, for the tests of the reader.

Both forms: ``inference.pdmodel`` (protobuf) and ``inference.json`` (PIR), each with ``inference.pdiparams``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from onnx_writer import block, number, single

TYPES = {"int32": 2, "int64": 3, "float16": 4, "float32": 5, "float64": 6}
PIR_TYPES = {"float32": "0.t_f32", "int64": "0.t_i64"}


class Step(NamedTuple):
    """One operation: its type, the names of its inputs under the argument's names, its outputs, its attributes.

    An input that takes several values is a list of names.
    """

    type: str
    inputs: dict[str, str | list[str]]
    outputs: dict[str, str]
    attributes: dict[str, Any] = {}


class Network:
    """A chain of layers and its parameters under Paddle's names."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.parameters: dict[str, np.ndarray] = {}
        self.value = "x"
        self._count = 0

    def add(self, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Append a layer with arrays of MindSpore's shapes and names, and a ReLU."""
        name = f"{kind}_{self._count}"
        if kind == "norm":
            roles = {"Scale": "gamma", "Bias": "beta", "Mean": "moving_mean", "Variance": "moving_variance"}
            inputs = {key: self._keep(f"{name}.{key}", arrays[role]) for key, role in roles.items()}
            self._step("batch_norm", {"X": self.value, **inputs}, "Y", epsilon=1e-5, is_test=True)
        elif kind == "scale":
            inputs = {key: self._keep(f"{name}.{key}", arrays[role]) for key, role in NORM_ROLES.items()}
            self._step("layer_norm", {"X": self.value, **inputs}, "Y", epsilon=1e-5)
        elif kind == "affine":
            inputs = [self._keep(f"{name}.w_{i}", arrays[role].reshape(1)) for i, role in enumerate(("scale", "bias"))]
            self._step("elementwise_mul", {"X": self.value, "Y": inputs[0]}, "Out", axis=-1)
            self._step("elementwise_add", {"X": self.value, "Y": inputs[1]}, "Out", axis=-1)
        elif kind == "linear":
            weight = self._keep(f"{name}.w_0", arrays["weight"].T.copy())
            self._step("matmul_v2", {"X": self.value, "Y": weight}, "Out", trans_x=False, trans_y=False)
            self._bias(name, arrays)
        elif kind == "lstm":
            self._recurrent(arrays)
            return
        else:
            depthwise = kind == "conv" and arrays["weight"].shape[1] == 1
            op = {"conv": "depthwise_conv2d" if depthwise else "conv2d", "deconv": "conv2d_transpose"}[kind]
            weight = self._keep(f"{name}.w_0", arrays["weight"])
            self._step(op, {"Input": self.value, "Filter": weight}, "Output", groups=1, strides=[1, 1], paddings=[0, 0])
            self._bias(name, arrays)
        self._step("relu", {"X": self.value}, "Out")

    def _keep(self, name: str, array: np.ndarray) -> str:
        self.parameters[name] = array
        return name

    def _recurrent(self, arrays: Mapping[str, np.ndarray]) -> None:
        """A layer of an LSTM; behind another layer it becomes part of the same operation.

        Cells are numbered as they are made, the parameters of each are called w_0 (of the input), w_1 (of the state),
        b_0 and b_1; the operation takes the weights of all cells before all biases.
        """
        ends = [role.removeprefix("weight_ih_") for role in arrays if role.startswith("weight_ih_")]
        extended = bool(self.steps) and self.steps[-1].type == "rnn"
        if extended:
            before = self.steps.pop()
            self.value = before.inputs["Input"]
            weights, hidden = before.inputs["WeightList"], before.attributes["hidden_size"]
        else:
            weights, hidden = [], arrays[f"weight_hh_{ends[0]}"].shape[1]
        parts = {"w_0": "weight_ih", "w_1": "weight_hh", "b_0": "bias_ih", "b_1": "bias_hh"}
        for i, end in enumerate(ends, len(weights) // 4):
            weights = [
                *weights,
                *(self._keep(f"lstm_cell_{i}.{ours}", arrays[f"{part}_{end}"]) for ours, part in parts.items()),
            ]
        weights = sorted(weights, key=lambda name: ".b_" in name)
        if not extended:
            for state in ("h", "c"):
                self.steps.append(Step("fill_constant", {}, {"Out": state}, {"shape": [4, 1, hidden], "value": 0.0}))
        inputs = {"Input": self.value, "PreState": ["h", "c"], "WeightList": weights}
        layers = len(weights) // (4 * len(ends))
        self._step(
            "rnn", inputs, "Out", mode="LSTM", hidden_size=hidden, num_layers=layers, is_bidirec=len(ends) == 2,
            dropout_prob=0.0, is_test=True,
        )  # fmt: skip

    def _bias(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        if "bias" in arrays:
            bias = self._keep(f"{name}.b_0", arrays["bias"])
            self._step("elementwise_add", {"X": self.value, "Y": bias}, "Out", axis=1)

    def _step(self, op: str, inputs: dict[str, str | list[str]], output: str, **attributes: Any) -> None:
        self._count += 1
        outputs = {output: f"{op}_{self._count}.tmp_0"}
        if op == "batch_norm":  # its statistics are inputs and outputs
            outputs = {"MeanOut": inputs["Mean"], "VarianceOut": inputs["Variance"], **outputs}
        self.steps.append(Step(op, inputs, outputs, attributes))
        self.value = outputs[output]


NORM_ROLES = {"Scale": "gamma", "Bias": "beta"}


def save(folder: Path, network: Network, form: str) -> Path:
    """Write ``inference.pdmodel`` or ``inference.json`` and ``inference.pdiparams``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = pdmodel(network) if form == "pdmodel" else pir(network)
    (folder / f"inference.{form}").write_bytes(content)
    (folder / "inference.pdiparams").write_bytes(pdiparams(network.parameters))
    return folder


def pdiparams(parameters: Mapping[str, np.ndarray]) -> bytes:
    """All parameters in the order of their names."""
    parts = []
    for name in sorted(parameters):
        array = parameters[name]
        description = tensor_desc(array)
        parts += [struct.pack("<IQI", 0, 0, 0), struct.pack("<i", len(description)), description, array.tobytes()]
    return b"".join(parts)


def tensor_desc(array: np.ndarray) -> bytes:
    return number(1, TYPES[array.dtype.name]) + b"".join(number(2, size) for size in array.shape)


def pdmodel(network: Network) -> bytes:
    """ProgramDesc with one block."""
    variables = [variable("feed", number(1, 9), True), variable("fetch", number(1, 10), True)]
    variables += [variable(name, lod_tensor(array), True) for name, array in network.parameters.items()]
    variables += [variable(each, lod_tensor(np.zeros((1, 1), np.float32)), False) for each in ("x", network.value)]
    steps = [Step("feed", {"X": "feed"}, {"Out": "x"}, {"col": 0}), *network.steps]
    steps.append(Step("fetch", {"X": network.value}, {"Out": "fetch"}, {"col": 0}))
    content = number(1, 0) + number(2, -1) + b"".join(block(3, each) for each in variables)
    content += b"".join(block(4, op_desc(step)) for step in steps)
    return block(1, content) + block(4, number(1, 2_006_001))


def variable(name: str, kind: bytes, persistable: bool) -> bytes:
    return block(1, name) + block(2, kind) + number(3, int(persistable))


def lod_tensor(array: np.ndarray) -> bytes:
    return number(1, 7) + block(3, block(1, tensor_desc(array)) + number(2, 0))


def op_desc(step: Step) -> bytes:
    parts = []
    for key, value in step.inputs.items():
        names = [value] if isinstance(value, str) else value
        parts.append(block(1, block(1, key) + b"".join(block(2, name) for name in names)))
    parts += [block(2, block(1, key) + block(2, value)) for key, value in step.outputs.items()]
    return b"".join([*parts, block(3, step.type), *(block(4, attr(*item)) for item in step.attributes.items())])


def attr(name: str, value: Any) -> bytes:
    head = block(1, name)
    if isinstance(value, bool):
        return head + number(2, 6) + number(10, int(value))
    if isinstance(value, int):
        return head + number(2, 0) + number(3, value)
    if isinstance(value, float):
        return head + number(2, 1) + single(4, value)
    if isinstance(value, str):
        return head + number(2, 2) + block(5, value)
    return head + number(2, 3) + b"".join(number(6, each) for each in value)


RENAMED = {
    "matmul_v2": "matmul", "elementwise_add": "add", "elementwise_mul": "multiply", "batch_norm": "batch_norm_",
    "fill_constant": "full",
}  # fmt: skip
ORDER = {  # of the inputs of an operation
    "batch_norm": ("X", "Mean", "Variance", "Scale", "Bias"), "layer_norm": ("X", "Scale", "Bias"),
    "rnn": ("Input", "PreState", "WeightList", "SequenceLength", "DropoutState"),
}  # fmt: skip


def pir(network: Network) -> bytes:
    """A PIR program with one region and one block."""
    return json.dumps(pir_program(network), separators=(",", ":")).encode()


def pir_program(network: Network) -> dict[str, Any]:
    numbers: dict[str, int] = {}

    def value(name: str, shape: Sequence[int] = (-1, -1)) -> dict[str, Any]:
        numbers[name] = numbers.get(name, len(numbers) + 1)
        kind = {"#": "0.t_dtensor", "D": [{"#": "0.t_f32"}, list(shape), "NCHW", [], 0]}
        return {"%": numbers[name], "TT": kind}

    def taken(name: str) -> dict[str, int]:
        return {"%": numbers[name] if name else 0}  # 0: an input that is left out

    def op(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> dict[str, Any]:
        named = [{"N": key, "AT": pir_attribute(each)} for key, each in attributes.items()]
        return {"#": f"1.{kind}", "A": named, "I": [taken(name) for name in inputs], "O": [value(output)]}

    ops = [
        {"#": "p", "A": [0, 1, 1, name], "O": value(name, array.shape), "OA": [1, 0, 1]}
        for name, array in network.parameters.items()
    ]
    ops.append(op("data", [], "x", name="x"))
    for step in network.steps:
        inputs = [step.inputs.get(key, "") for key in ORDER.get(step.type, tuple(step.inputs))]
        for i, members in enumerate(inputs):
            if isinstance(members, list):
                inputs[i] = f"{step.type}/{i}"
                ops.append({**op("", members, inputs[i]), "#": "0.combine"})
        output = list(step.outputs.values())[-1]
        if step.type == "elementwise_add" and network.parameters[inputs[1]].size > 1:
            ops.append(op("full_int_array", [], f"{inputs[1]}/shape", value=[1, -1, 1, 1]))
            ops.append(op("reshape", [inputs[1], f"{inputs[1]}/shape"], f"{inputs[1]}/wide"))
            inputs[1] = f"{inputs[1]}/wide"
        ops.append(op(RENAMED.get(step.type, step.type), inputs, output, **step.attributes))
    ops.append(op("fetch", [network.value], "out", name="fetch_name_0", col=0))
    block_ = {"#": "block_0", "args": [], "ops": ops}
    head = {"magic": "pir", "trainable": True, "version": 3}
    return {"base_code": head, "program": {"regions": [{"#": "region_0", "blocks": [block_]}]}}


def pir_attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"#": "0.a_array", "D": [pir_attribute(each) for each in value]}
    kinds = {bool: "0.a_bool", int: "0.a_i32", float: "0.a_f32", str: "0.a_str"}
    return {"#": kinds[type(value)], "D": value}
