"""Networks as ONNX files and in Paddle's inference format: damaged files, and numbers that promise too much."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from mutations import cut, flip, noise, pick, spoil, spoil_json

from mindocr.errors import CheckpointError
from mindocr.models.converters import onnx, paddle_inference

sys.path.insert(0, str(Path(__file__).parents[1] / "models/converters"))
import onnx_writer  # noqa: E402
import paddle_writer  # noqa: E402

KERNEL = np.arange(36, dtype=np.float32).reshape(4, 1, 3, 3)
FOUR = np.arange(4, dtype=np.float32)


def network():
    found = paddle_writer.Network()
    found.add("conv", {"weight": KERNEL, "bias": FOUR})
    found.add("norm", dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), FOUR))
    found.add("linear", {"weight": KERNEL.reshape(9, 4), "bias": np.ones(9, np.float32)})
    found.add("scale", {"gamma": FOUR, "beta": FOUR})
    square, eight = np.ones((8, 2), np.float32), np.ones(8, np.float32)
    cell = {"weight_ih": square, "weight_hh": square, "bias_ih": eight, "bias_hh": eight}
    for number in (0, 1):
        found.add("lstm", {f"{part}_l{number}": array for part, array in cell.items()})
    return found


def onnx_bytes():
    steps = [
        onnx_writer.node("Constant", [], ["shape"], value=np.array([1, 4, 1, 1])),
        onnx_writer.node("Reshape", ["b", "shape"], ["wide"]),
        onnx_writer.node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], group=1, alpha=0.5),
        onnx_writer.node("Add", ["a", "wide"], ["c"]),
        onnx_writer.node("BatchNormalization", ["c", "b", "b2", "b3", "b4"], ["d"]),
        onnx_writer.node("MatMul", ["d", "m"], ["y"]),
    ]
    tensors = {"w": KERNEL, "m": KERNEL.reshape(4, 9), **dict.fromkeys(("b", "b2", "b3", "b4"), FOUR)}
    return onnx_writer.model(steps, tensors, {"character": "a\nb"})


def convert(module, path):
    file = module.read(path)
    try:
        module.convert(file)
    except CheckpointError as error:
        assert any(part in str(error) for part in ("unknown to the converter", "belong", "an LSTM"))


def prepare_onnx(rng, arena):
    content = onnx_bytes()
    (arena.inputs / "net.onnx").write_bytes(pick(rng, (flip, flip, cut, spoil, noise))(content, rng))
    return lambda: convert(onnx, arena.inputs / "net.onnx")


def prepare_paddle(rng, arena):
    form = pick(rng, ("pdmodel", "json"))
    paddle_writer.save(arena.inputs, network(), form)
    settings = b"PostProcess:\n  character_dict:\n  - a\n  - 'y'\n"
    (arena.inputs / "inference.yml").write_bytes(settings)
    name = pick(rng, (f"inference.{form}", f"inference.{form}", "inference.pdiparams", "inference.yml"))
    content = (arena.inputs / name).read_bytes()
    if form in name and form == "json" and rng.random() < 0.7:
        content = spoil_json(paddle_writer.pir_program(network()), rng)
    else:
        content = pick(rng, (flip, flip, cut, spoil, noise))(content, rng)
    (arena.inputs / name).write_bytes(content)
    return lambda: convert(paddle_inference, arena.inputs)


@pytest.mark.parametrize(("kind", "prepare"), [("onnx", prepare_onnx), ("paddle", prepare_paddle)])
def test_damaged_networks(fuzz, kind, prepare):
    outcomes = fuzz(kind, prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


def params(levels=0, size=None, kind=5, dims=(4, 1, 3, 3)):
    """A file of parameters whose first one has these numbers."""
    description = onnx_writer.number(1, kind) + b"".join(onnx_writer.number(2, each) for each in dims)
    head = struct.pack("<IQI", 0, levels, 0)
    return head + struct.pack("<i", len(description) if size is None else size) + description + bytes(200)


def pir(change):
    content = paddle_writer.pir_program(network())
    change(content["program"]["regions"][0]["blocks"][0]["ops"])
    return json.dumps(content).encode()


CHOSEN = {
    "params: a million million levels": ("inference.pdiparams", params(levels=10**12)),
    "params: a description of two gigabytes": ("inference.pdiparams", params(size=2**31 - 1)),
    "params: a description of negative size": ("inference.pdiparams", params(size=-5)),
    "params: an array of a million million numbers": ("inference.pdiparams", params(dims=(2**20, 2**20))),
    "params: sizes whose product is 0": ("inference.pdiparams", params(dims=(2**62, 0))),
    "params: a negative size": ("inference.pdiparams", params(dims=(-1,))),
    "params: an unknown type": ("inference.pdiparams", params(kind=99)),
    "params: nothing": ("inference.pdiparams", b""),
    "program: nested deep": ("inference.json", b'{"a":' * 100_000),
    "program: no operations": ("inference.json", pir(lambda ops: ops.clear())),
    "program: no names": ("inference.json", pir(lambda ops: [each.pop("A", None) for each in ops])),
    "program: shapes that are texts": ("inference.json", pir(lambda ops: ops[0]["O"]["TT"].update(D=[0, ["x"]]))),
    "program: a number of a million digits": ("inference.json", b'{"base_code": ' + b"9" * 1_000_000 + b"}"),
    "settings: nested deep": ("inference.yml", b"[" * 50_000),
}  # fmt: skip


def given(arena, file, content):
    paddle_writer.save(arena.inputs, network(), "json")
    (arena.inputs / file).write_bytes(content)
    return lambda: paddle_inference.read(arena.inputs)


@pytest.mark.parametrize("name", CHOSEN)
def test_chosen_files_of_paddle(refused, name):
    file, content = CHOSEN[name]
    assert file in refused(lambda arena: given(arena, file, content))


def test_names_of_names_of_names_in_the_settings(accepted):
    """Text that would be 2^60 words if every name in it were replaced."""
    lines = [b"a0: &a0 [x, x]", *(b"a%d: &a%d [*a%d, *a%d]" % (i, i, i - 1, i - 1) for i in range(1, 60))]
    content = b"\n".join([*lines, b"PostProcess: {character_dict: *a59}"])
    accepted(lambda arena: given(arena, "inference.yml", content))


def tensor(dims, content=b""):
    """An ONNX file with a tensor of float32 of these sizes."""
    sizes = b"".join(onnx_writer.number(1, each) for each in dims)
    entry = sizes + onnx_writer.number(2, 1) + onnx_writer.block(8, "w") + content
    node = onnx_writer.node("Conv", ["x", "w"], ["y"])
    return onnx_writer.block(7, onnx_writer.block(1, node) + onnx_writer.block(5, entry))


CHOSEN_ONNX = {
    "a million million numbers": tensor((2**20, 2**20), onnx_writer.block(9, b"1234")),
    "sizes whose product is 0": tensor((2**62, 0), onnx_writer.block(9, b"1234")),
    "a negative size": tensor((-1, 4)),
    "values that are no numbers": tensor((1,), onnx_writer.block(4, b"123")),
    "a field longer than the file": b"\x3a" + b"\xff" * 9 + b"\x01",
    "nothing": b"",
}


@pytest.mark.parametrize("name", CHOSEN_ONNX)
def test_chosen_onnx_files(refused, name):
    def prepare(arena):
        (arena.inputs / "net.onnx").write_bytes(CHOSEN_ONNX[name])
        return lambda: onnx.read(arena.inputs / "net.onnx")

    assert "net.onnx" in refused(prepare)
