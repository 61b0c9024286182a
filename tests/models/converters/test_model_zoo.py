"""CTPN of MindSpore's model zoo: names, both LSTMs, the order of their gates; VGG-16 of torchvision."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn
from model_zoo_network import (
    ANCHORS,
    HIDDEN,
    INPUTS,
    LIMIT,
    RNG,
    ctpn,
    dynamic_rnn,
    save_checkpoint,
    torchvision_vgg,
    uniform,
    vgg,
    without_backbone,
)
from weight_files import save_torch

from mindocr.engine.export.weights_converter import convert_file
from mindocr.errors import CheckpointError
from mindocr.models import build_model, load_weights
from mindocr.models.converters import model_zoo
from mindocr.registry import BACKBONES


def run_dynamic_rnn(x, weights, end=""):
    """The recurrence of DynamicRNN as its documentation states it: gates i, j, f, o; x is (T, N, inputs)."""
    w, b = weights[f"rnn.w1{end}"].astype(np.float64), weights[f"rnn.b1{end}"].astype(np.float64)
    h = c = np.zeros((x.shape[1], HIDDEN))
    outputs = []
    for step in x:
        i, j, f, o = np.split(np.concatenate([step, h], 1) @ w + b, 4, axis=1)
        c = c / (1 + np.exp(-f)) + np.tanh(j) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        outputs.append(h)
    return np.stack(outputs)


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def test_the_gates_of_ascends_lstm_are_reordered():
    weights = dynamic_rnn(0.3)
    x = RNG.normal(size=(7, 3, INPUTS)).astype(np.float32)
    expected = np.concatenate([run_dynamic_rnn(x, weights), run_dynamic_rnn(x[::-1], weights, "_bw")[::-1]], axis=2)
    found = model_zoo.convert({**without_backbone(), **weights}).weights
    cell = nn.LSTM(INPUTS, HIDDEN, bidirectional=True)
    load_weights(cell, {n.removeprefix("neck.lstm."): Tensor(a) for n, a in found.items() if "lstm" in n})
    np.testing.assert_allclose(cell(Tensor(x))[0].asnumpy(), expected, atol=2e-5)


def test_mindspore_itself_maps_the_gates_in_the_same_order():
    """On Ascend, nn.LSTM runs DynamicRNN; what it passes to that operator must be what the reference stores."""
    rnns = pytest.importorskip("mindspore.nn.layer.rnns")
    if not hasattr(rnns, "_DynamicLSTMAscend"):
        pytest.skip("this version of MindSpore has another layer for Ascend")
    weights = dynamic_rnn(0.3)
    found = model_zoo.convert({**without_backbone(), **weights}).weights
    layer, seen = rnns._DynamicLSTMAscend(), []
    layer.dtype = ms.float32
    layer.lstm = lambda *arguments: seen.extend(arguments) or [Tensor(np.zeros((1, 1, HIDDEN), np.float32))] * 8
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    state = Tensor(np.zeros((1, HIDDEN), np.float32))
    given = [Tensor(found[f"neck.lstm.{name}"]) for name in names]
    layer.construct(Tensor(np.zeros((1, 1, INPUTS), np.float32)), (state, state), None, *given)
    np.testing.assert_array_equal(seen[1].asnumpy(), weights["rnn.w1"])
    np.testing.assert_array_equal(seen[2].asnumpy(), weights["rnn.b1"])


@pytest.mark.slow
def test_a_checkpoint_becomes_one_of_ours(tmp_path):
    arrays = {f"network.{n}": a for n, a in ctpn().items()}
    state = {"moments.conv.weight": uniform(3), "learning_rate": uniform(1)}
    path = save_checkpoint(tmp_path / "zoo.ckpt", {**arrays, **state})
    converted = convert_file("model-zoo", path, tmp_path / "ours.ckpt")
    network = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    scores, deltas = network(Tensor(RNG.normal(size=(1, 3, 32, 48)).astype(np.float32)))
    assert scores.shape == (1, ANCHORS, 2, 3) and deltas.shape == (1, 4 * ANCHORS, 2, 3)
    ours = {name: p.asnumpy() for name, p in network.parameters_and_names()}
    theirs = arrays["network.vgg16_feature_extractor.conv3_2.1.beta"]
    np.testing.assert_array_equal(ours["backbone.conv3_2.1.beta"], theirs)
    cls = arrays["network.rpn_with_loss.rpn_convs_list.rpn_cls.weight"]
    np.testing.assert_array_equal(ours["head.text.weight"][:, :, 0, 0], cls)
    left = converted.conversion.left_over
    assert set(left.values()) == {"what training keeps beside the weights", "the LSTM of another device"}
    assert "that of rnn.* is taken, the only one whose weights leave the range of new ones" in converted.summary()


@pytest.mark.parametrize(
    ("limits", "chosen", "why"),
    [
        ((0.3, LIMIT), "rnn.", "the only one whose"),
        ((LIMIT, 0.3), "rnn2.", "the only one whose"),
        ((0.3, 0.3), "rnn.", "the first of two that look trained"),
        ((LIMIT, LIMIT), "rnn.", "the first of two that look untrained"),
    ],
)
def test_which_lstm_is_taken(limits, chosen, why):
    arrays = without_backbone(*limits)
    found = model_zoo.convert(arrays)
    assert f"that of {chosen}* is taken, {why}" in found.notes[1]
    if chosen == "rnn2.":
        np.testing.assert_array_equal(found.weights["neck.lstm.weight_hh_l0"], arrays["rnn2.weight_hh_l0"])
    assert all(not name.startswith(chosen) for name in found.left_over)


def test_files_without_a_complete_lstm_and_of_other_networks():
    arrays = {n: a for n, a in without_backbone().items() if n != "rnn.b1" and not n.startswith("rnn2.")}
    with pytest.raises(CheckpointError, match="no complete LSTM, neither rnn.w1"):
        model_zoo.convert(arrays)
    with pytest.raises(CheckpointError, match="1 of .* entries are unknown to this converter: neck.extra.weight"):
        model_zoo.convert({**without_backbone(), "neck.extra.weight": uniform(2, 2)})


def test_the_backbone_of_imagenet(tmp_path):
    arrays = {**vgg("vgg16_feature_extractor."), "classifier.fc1.weight": uniform(4, 4), "fc3.bias": uniform(4)}
    converted = convert_file(
        "model-zoo", save_checkpoint(tmp_path / "0-150_5004.ckpt", arrays), tmp_path / "vgg16_bn.ckpt"
    )
    assert converted.conversion.spec == {
        "backbone": {"name": "det_vgg16", "batch_norm": True, "stored_statistics": False}
    }
    assert set(converted.conversion.left_over) == {"classifier.fc1.weight", "fc3.bias"}


@pytest.mark.parametrize("norm", [pytest.param(False, marks=pytest.mark.slow), True])
def test_vgg16_of_torchvision_computes_the_same(norm, tmp_path):
    net = torchvision_vgg(norm)
    arrays = {f"features.{name}": array for name, array in net.state_dict().items()}
    save_torch(tmp_path / "vgg16.pth", {**arrays, "classifier.0.weight": uniform(3, 3)})
    converted = convert_file("torchvision", tmp_path / "vgg16.pth", tmp_path / "vgg16.ckpt")
    assert converted.conversion.spec == {"backbone": {"name": "det_vgg16", "batch_norm": norm}}
    backbone = BACKBONES.build(converted.conversion.spec["backbone"]).set_train(False)
    load_weights(backbone, converted.path)
    x = RNG.normal(size=(1, 3, 32, 48)).astype(np.float32)
    expected = net(x)
    scale = np.abs(expected).max()
    assert scale > 1e-3
    np.testing.assert_allclose(backbone(Tensor(x))[0].asnumpy() / scale, expected / scale, atol=1e-4)


def test_another_vgg_is_refused(tmp_path):
    net = torchvision_vgg(False, ((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)))
    save_torch(tmp_path / "vgg11.pth", {f"features.{name}": array for name, array in net.state_dict().items()})
    with pytest.raises(CheckpointError, match="another VGG than vgg16|unknown to this converter"):
        convert_file("torchvision", tmp_path / "vgg11.pth", tmp_path / "vgg.ckpt")
