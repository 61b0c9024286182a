"""PP-OCR's first detectors and recogniser: written in the order in which PaddleOCR runs its layers, then converted.

No released file of these networks is available to the tests.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
import numpy_nn
import onnx_writer
import paddle_writer
import pytest
from mindspore import Tensor
from mobile_networks import paddle_detector, paddle_names
from paddle_resnets import paddle_large
from ppocrv2 import SECTIONS
from source_networks import randomise

from mindocr.engine.export.weights_converter import convert_file
from mindocr.errors import CheckpointError
from mindocr.models import build_model
from mindocr.models.converters import onnx, onnx_v1, paddle, paddle_inference

DETECTORS = {
    "mobile": lambda: paddle_detector(numpy_nn, numpy_nn.cat, width=96),
    "server": lambda: paddle_large(numpy_nn, numpy_nn.cat, width=256),
}
RECIPES = {"mobile": "ppocr_det_mobile", "server": "ppocr_det_server"}
KINDS = {"Conv2d": "conv", "BatchNorm2d": "norm", "ConvTranspose2d": "deconv"}
OPS = {"conv": "Conv", "deconv": "ConvTranspose", "norm": "BatchNormalization"}
NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
MODULES = {"onnx": ("onnx", onnx), "pdmodel": ("paddle-inference", paddle_inference)}


def picture(height=32, width=32):
    return np.random.default_rng(5).standard_normal((1, 3, height, width)).astype(np.float32)


def filled(name):
    """A detector as PaddleOCR builds it, with random weights."""
    net = DETECTORS[name]()
    net.load_state_dict(randomise({key: array.shape for key, array in net.state_dict().items()}))
    return net


def run(net, image, monkeypatch):
    """The output, and kind and arrays of every layer with weights in the order in which they run."""
    layers = []

    def call(self, *inputs):
        kind = KINDS.get(type(self).__name__)
        if kind:
            roles = NORM if kind == "norm" else {"weight": "weight", "bias": "bias"}
            arrays = {role: getattr(self, theirs) for role, theirs in roles.items()}
            layers.append((kind, {role: array for role, array in arrays.items() if array is not None}))
        return self.forward(*inputs)

    monkeypatch.setattr(numpy_nn.Module, "__call__", call)
    return net(image), layers


def save(folder, layers, form):
    """Write a chain of these layers; returns what convert-weights takes."""
    if form != "onnx":
        network = paddle_writer.Network()
        for kind, arrays in layers:
            network.add(kind, arrays)
        return paddle_writer.save(folder, network, form)
    nodes, tensors = [], {}
    for i, (kind, arrays) in enumerate(layers):
        names = [f"{role}{i}" for role in arrays]
        tensors |= dict(zip(names, arrays.values()))
        nodes.append(onnx_writer.node(OPS[kind], [f"x{i}", *names], [f"x{i + 1}"]))
    path = folder / "net.onnx"
    path.write_bytes(onnx_writer.model(nodes, tensors, inputs=("x0",), outputs=(f"x{len(layers)}",)))
    return path


@pytest.mark.parametrize("form", MODULES)
@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_gets_the_weights_of_its_training_checkpoint(tmp_path, monkeypatch, name, form):
    net = filled(name)
    expected = paddle.convert(paddle_names(net.state_dict()))
    _, layers = run(net, picture(), monkeypatch)
    module = MODULES[form][1]
    found = module.convert(module.read(save(tmp_path, layers, form)))
    kept = {key: array for key, array in expected.weights.items() if not key.startswith("head.thresh.")}
    assert found.weights.keys() == kept.keys()
    assert all(np.array_equal(found.weights[key], array) for key, array in kept.items())
    for part in ("backbone", "neck", "head"):
        common = found.spec[part].keys() & expected.spec[part].keys()
        assert {key: found.spec[part][key] for key in common} == {key: expected.spec[part][key] for key in common}
    assert found.recipe == RECIPES[name]
    assert found.settings["postprocess"]["box_thresh"] == 0.6


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), [("mobile", "pdmodel"), ("server", "onnx")])
def test_a_detector_computes_what_paddleocr_computes(tmp_path, monkeypatch, name, form):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    image = picture(64, 96)
    expected, layers = run(filled(name), image, monkeypatch)
    converted = convert_file(MODULES[form][0], save(tmp_path, layers, form), tmp_path / "net.ckpt")
    assert expected.std() > 0.02
    network = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    np.testing.assert_allclose(network(Tensor(image)).asnumpy(), expected, atol=1e-4, rtol=0)
    assert f"mindocr train -c {RECIPES[name]}" in converted.summary()


def test_another_width_of_the_pyramid_is_refused(tmp_path, monkeypatch):
    net = paddle_detector(numpy_nn, numpy_nn.cat, width=64)
    _, layers = run(net, picture(), monkeypatch)
    with pytest.raises(CheckpointError, match="unknown to the converter.*PP-OCR's and PP-OCRv2's mobile text det"):
        paddle_inference.convert(paddle_inference.read(save(tmp_path, layers, "pdmodel")))


@pytest.mark.slow
def test_the_recogniser_keeps_the_weights_of_our_network(tmp_path):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    ours = build_model(SECTIONS["crnn_mobilenetv3"], pretrained=False).set_train(False)
    weights = {each.name: each.asnumpy() for each in ours.get_parameters()}
    (family,) = (each for each in onnx_v1.FAMILIES if "recogniser" in each.title)
    layers, taken, stack = [], set(), iter(range(2))
    for kind, name in family.layers():
        end = f"_l{next(stack)}" if kind == "lstm" else ""
        keys = {key for key in weights if key.startswith(f"{name}.") and end in key}
        layers.append((kind, {key.removeprefix(f"{name}."): weights[key] for key in sorted(keys)}))
        taken |= keys
    assert taken == set(weights)
    folder = save(tmp_path / "ch_ppocr_mobile_v2.0_rec_infer", layers, "pdmodel")
    keys = "".join(f"{chr(0x4E00 + i)}\n" for i in range(6623))
    (folder / "ppocr_keys_v1.txt").write_text(keys, encoding="utf-8")
    converted = convert_file("paddle-inference", folder, tmp_path / "rec.ckpt")
    again = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    line = Tensor(picture(32, 96))
    np.testing.assert_allclose(again(line).asnumpy(), ours(line).asnumpy(), atol=1e-6, rtol=0)
    assert converted.conversion.settings["pipeline"][1] == {"ResizeTextLine": {"height": 32}}
