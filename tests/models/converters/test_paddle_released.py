"""Released networks, written again in Paddle's format: the conversion equals that of their ONNX files.

No released file in Paddle's format is available to the tests, so these are written by ``paddle_writer``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle_writer as writer
import pytest
from released import released

from mindocr.engine.export.weights_converter import convert_file
from mindocr.errors import CheckpointError
from mindocr.formats.dictionary import read_dictionary
from mindocr.models.converters import onnx, paddle_inference
from mindocr.models.converters.onnx_file import read_onnx
from mindocr.models.converters.onnx_layers import layers_of
from mindocr.models.weights import read_checkpoint

pytestmark = pytest.mark.slow


def opened(name):
    """A released file; PP-OCRv2's recogniser gets the dictionary that lies beside it."""
    file = read_onnx(released(name))
    if name != "ch_PP-OCRv2_rec_infer.onnx":
        return file
    return replace(file, metadata={"character": "\n".join(read_dictionary(released("ppocr_keys_v1.txt")))})


def written(name, folder, form):
    """A released network in Paddle's format, with its dictionary in a file of settings."""
    file = opened(name)
    network = writer.Network()
    for layer in layers_of(file):
        # The ONNX files hold the arrays of Paddle's LSTMs as Paddle stores them; the graph rearranges their gates.
        stored = {role: file.tensors[tensor] for role, tensor in layer.names.items()}
        network.add(layer.kind, stored if layer.kind == "lstm" else layer.arrays)
    writer.save(folder, network, form)
    if "character" in file.metadata:
        quoted = (each.replace("'", "''") for each in file.metadata["character"].split("\n"))
        lines = "".join(f"  - '{each}'\n" for each in quoted)
        (folder / "inference.yml").write_text(f"PostProcess:\n  character_dict:\n{lines}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("ch_PP-OCRv3_det_infer.onnx", "json"),
        ("ch_PP-OCRv3_rec_infer.onnx", "pdmodel"),
        ("ch_PP-OCRv4_det_infer.onnx", "json"),
        ("ch_PP-OCRv4_rec_infer.onnx", "pdmodel"),
        ("PP-OCRv6_det_small.onnx", "pdmodel"),
        ("PP-OCRv6_rec_small.onnx", "json"),
        ("ch_ppocr_mobile_v2.0_cls_infer.onnx", "pdmodel"),
        ("ch_PP-OCRv2_rec_infer.onnx", "pdmodel"),
        ("ch_PP-OCRv2_rec_infer.onnx", "json"),
    ],
)
def test_the_weights_are_those_of_the_onnx_file(tmp_path, name, form):
    expected = onnx.convert(opened(name))
    found = paddle_inference.convert(paddle_inference.read(written(name, tmp_path, form)))
    assert list(found.weights) == list(expected.weights)
    assert all(
        np.array_equal(found.weights[key].reshape(-1), expected.weights[key].reshape(-1)) for key in found.weights
    )
    assert (found.spec, found.settings, found.notes) == (expected.spec, expected.settings, expected.notes)


def test_a_dictionary_beside_the_program_or_by_option(tmp_path):
    folder = written("ch_PP-OCRv3_rec_infer.onnx", tmp_path / "rec", "pdmodel")
    (folder / "inference.yml").unlink()
    with pytest.raises(CheckpointError, match="holds no character dictionary"):
        convert_file("paddle-inference", folder, tmp_path / "rec.ckpt")
    keys = "".join(f"{chr(0x4E00 + i)}\n" for i in range(6623))
    (folder / "ppocr_keys_v1.txt").write_text(keys, encoding="utf-8")
    found = convert_file("paddle-inference", folder, tmp_path / "rec.ckpt").conversion
    assert found.settings["postprocess"]["characters"][0] == chr(0x4E00)
    (folder / "ppocr_keys_v1.txt").rename(tmp_path / "other.txt")
    again = convert_file(
        "paddle-inference", folder, tmp_path / "rec.ckpt", dictionary=tmp_path / "other.txt"
    ).conversion
    assert again.settings == found.settings


def test_the_checkpoint_is_that_of_the_onnx_file(tmp_path):
    name = "ch_PP-OCRv3_det_infer.onnx"
    folder = written(name, tmp_path / "ch_PP-OCRv3_det_infer", "pdmodel")
    first = convert_file("onnx", released(name), tmp_path / "onnx.ckpt")
    second = convert_file("paddle-inference", folder, tmp_path / "paddle.ckpt")
    assert second.summary().splitlines()[1:] == [
        line.replace("onnx.ckpt", "paddle.ckpt") for line in first.summary().splitlines()[1:]
    ]
    ours, theirs = (read_checkpoint(each.path) for each in (second, first))
    assert ours.keys() == theirs.keys()
    assert all(
        np.array_equal(ours[key].asnumpy(), theirs[key].asnumpy())
        for key in ours
        if not key.startswith(("mindocr.", "head.thresh."))
    )
