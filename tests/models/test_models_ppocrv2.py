"""PP-OCRv2's recogniser, CRNN and the direction classifier: sizes, an LSTM by hand, training, export, names."""

import json

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from ppocrv2 import SECTIONS

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.rec_mobilenet_v3 import RecMobileNetV3
from mindocr.models.heads.cls_head import ClsHead
from mindocr.models.necks.rnn_encoder import RNNEncoder

FEW = {"name": "CTCHead", "out_channels": 9}


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def line(n=1, height=32, width=100):
    return Tensor(np.random.default_rng(width).standard_normal((n, 3, height, width)).astype(np.float32))


def count(net):
    return sum(parameter.size for parameter in net.get_parameters())


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        # PP-OCRv2's parameters are those of its released file
        ("ppocrv2_rec_mobile", (1_027_104, 395_264, 655_009)),
        ("crnn_mobilenetv3", (259_056, 185_856, 642_625)),
    ],
)
def test_recognisers_have_a_step_for_every_fourth_column(name, sizes):
    network = build_model(SECTIONS[name], pretrained=False).set_train(False)
    assert (count(network.backbone), count(network.neck), count(network.head)) == sizes
    for width, steps in ((320, 80), (101, 25)):
        probs = network(line(2, width=width)).asnumpy()
        assert probs.shape == (2, steps, 6625)
        np.testing.assert_allclose(probs.sum(-1), 1, atol=1e-5)


def test_the_classifier_has_two_probabilities():
    network = build_model(SECTIONS["ppocr_cls_mobile"], pretrained=False).set_train(False)
    assert (count(network.backbone), count(network.head)) == (133_226, 402)
    x = line(2, 48, 192)
    probs = network(x).asnumpy()
    logits = network.head.set_train(True)(network.backbone(x)).asnumpy()
    assert probs.shape == (2, 2)
    np.testing.assert_allclose(probs, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), atol=1e-6)


def test_a_row_stride_of_one_keeps_the_height_and_adds_no_input():
    backbone = RecMobileNetV3(row_strides=(1, 2, 2, 2))
    assert [unit.residual for unit in backbone.units] == [i not in (0, 1, 3, 8) for i in range(11)]
    assert backbone.units[0](Tensor(np.ones((1, 8, 16, 20), np.float32))).shape == (1, 8, 16, 20)
    assert RecMobileNetV3("large", alpha=0.35).out_channels == 336


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(weights, x, end):
    """One direction of one layer over (T, inputs); gates in the order input, forget, cell, output."""
    hidden = cell = np.zeros(weights[f"weight_hh_l0{end}"].shape[1])
    rows = []
    for step in x[::-1] if end else x:
        gates = weights[f"weight_ih_l0{end}"] @ step + weights[f"weight_hh_l0{end}"] @ hidden
        i, f, g, o = np.split(gates + weights[f"bias_ih_l0{end}"] + weights[f"bias_hh_l0{end}"], 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        rows.append(hidden)
    return np.array(rows[::-1] if end else rows)


def test_the_recurrent_layer_by_hand():
    neck = RNNEncoder(4, hidden_size=3, num_layers=1).set_train(False)
    weights = {p.name.rpartition(".")[2]: p.asnumpy() for p in neck.get_parameters()}
    x = np.random.default_rng(3).standard_normal((2, 4, 1, 5)).astype(np.float32)
    expected = [np.concatenate([lstm(weights, each[:, 0].T, end) for end in ("", "_reverse")], 1) for each in x]
    np.testing.assert_allclose(neck(Tensor(x)).asnumpy(), np.array(expected), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("crnn_mobilenetv3", (32, 64)), ("ppocr_cls_mobile", (48, 96))])
def test_a_step_lowers_the_loss_and_reaches_every_parameter(gradient_step, name, size):
    section = SECTIONS[name]
    head = FEW if section["type"] == "rec" else section["head"]
    before, after, dead = gradient_step(build_model({**section, "head": head}, pretrained=False), line(4, *size))
    assert after < before
    assert dead == []


@pytest.mark.slow
def test_the_exported_recogniser_takes_any_width(reload_difference):
    ms.set_context(mode=ms.GRAPH_MODE)
    network = build_model({**SECTIONS["ppocrv2_rec_mobile"], "head": FEW}, pretrained=False)
    assert reload_difference(network, (None, 3, 32, None), line(2, width=64), line(1, width=130)) < 1e-5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RecMobileNetV3(alpha=0), "rec_mobilenet_v3 alpha 0: expected a positive"),
        (lambda: RecMobileNetV3(row_strides=(1, 2, 3, 2)), r"row_strides \[1, 2, 3, 2\]: expected four numbers"),
        (lambda: RNNEncoder(8, hidden_size=0), "hidden_size and num_layers must be 1 or more, got 0 and 2"),
        (lambda: ClsHead(8, 1), "num_classes 1: expected at least 2"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("name", SECTIONS)
def test_parameter_names_are_the_golden_ones(repo_root, name):
    golden = json.loads((repo_root / f"tests/models/golden/{name}.json").read_text(encoding="utf-8"))
    names = {p.name: list(p.shape) for p in build_model(SECTIONS[name], pretrained=False).get_parameters()}
    assert list(names.items()) == list(golden.items())
