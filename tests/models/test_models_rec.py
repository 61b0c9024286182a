"""The recogniser: shapes, parameter counts of the released network, hand-computed attention, training, export."""

import json

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.rec_lcnet import RecLCNet
from mindocr.models.heads.ctc_head import CTCHead
from mindocr.models.layers import ConvNormAct
from mindocr.models.necks.svtr import Attention, SVTRNeck

SPEC = {
    "type": "rec",
    "backbone": {"name": "rec_lcnet"},
    "neck": {"name": "SVTRNeck"},
    "head": {"name": "CTCHead", "out_channels": 6625},
}


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def line(n=1, height=48, width=100):
    return Tensor(np.random.default_rng(width).standard_normal((n, 3, height, width)).astype(np.float32))


def count(net):
    return sum(parameter.size for parameter in net.get_parameters())


def test_parameter_counts_are_those_of_the_released_network():
    network = build_model(SPEC, pretrained=False)
    assert (count(network.backbone), count(network.neck), count(network.head)) == (1_027_104, 1_194_528, 430_625)


@pytest.mark.parametrize(("width", "steps"), [(320, 40), (421, 53), (16, 2)])
def test_one_distribution_for_every_eighth_column(width, steps):
    network = build_model(SPEC | {"head": {"name": "CTCHead", "out_channels": 37}}, pretrained=False).set_train(False)
    probs = network(line(2, width=width)).asnumpy()
    assert probs.shape == (2, steps, 37)
    np.testing.assert_allclose(probs.sum(-1), 1, atol=1e-5)


def test_the_backbone_of_ppocrv2_takes_lines_of_height_32():
    backbone = RecLCNet(last_stride=(1, 1), pooling="max").set_train(False)
    assert backbone(line(height=32, width=320)).shape == (1, 512, 1, 80)


def test_unequal_strides_of_a_depthwise_convolution_are_those_of_a_strided_one():
    layer = ConvNormAct(4, 4, 3, stride=(2, 1), groups=4).set_train(False)
    x = np.random.default_rng(1).standard_normal((1, 4, 7, 6)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    kernel = layer.conv.weight.asnumpy()[:, 0]
    expected = np.zeros((1, 4, 4, 6))
    for i in range(4):
        for j in range(6):
            expected[0, :, i, j] = (padded[0, :, 2 * i : 2 * i + 3, j : j + 3] * kernel).sum((1, 2))
    np.testing.assert_allclose(layer(Tensor(x)).asnumpy(), expected / np.sqrt(1 + 1e-5), atol=1e-5)


def test_attention_by_hand():
    attention = Attention(4, 2)
    x = np.random.default_rng(2).standard_normal((1, 3, 4)).astype(np.float32)
    qkv = x[0] @ attention.qkv.weight.asnumpy().T + attention.qkv.bias.asnumpy()
    rows = []
    for head in range(2):
        q, k, v = (qkv[:, 4 * part + 2 * head :][:, :2] for part in range(3))
        scores = q @ k.T / np.sqrt(2)
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        rows.append(weights @ v)
    expected = np.concatenate(rows, 1) @ attention.proj.weight.asnumpy().T + attention.proj.bias.asnumpy()
    np.testing.assert_allclose(attention(Tensor(x)).asnumpy()[0], expected, atol=1e-5)


def test_ctc_head_returns_logits_in_training():
    head = CTCHead(8, 5, mid_channels=3).set_train(True)
    x = Tensor(np.random.default_rng(3).standard_normal((2, 4, 8)).astype(np.float32))
    logits = head(x).asnumpy()
    exp = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(head.set_train(False)(x).asnumpy(), exp / exp.sum(-1, keepdims=True), atol=1e-6)


@pytest.mark.slow
def test_a_step_lowers_the_loss_and_reaches_every_parameter(gradient_step):
    network = build_model(SPEC | {"head": {"name": "CTCHead", "out_channels": 9}}, pretrained=False)
    before, after, dead = gradient_step(network, line(4, width=64))
    assert after < before
    assert dead == []


@pytest.mark.slow
def test_the_exported_network_takes_any_width(reload_difference):
    ms.set_context(mode=ms.GRAPH_MODE)
    network = build_model(SPEC | {"head": {"name": "CTCHead", "out_channels": 9}}, pretrained=False)
    assert reload_difference(network, (None, 3, 48, None), line(2, width=64), line(1, width=130)) < 1e-5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RecLCNet(scale=0), "rec_lcnet scale 0: expected a number above 0"),
        (lambda: RecLCNet(last_stride=(3, 1)), r"last_stride \[3, 1\]: expected \[height, width\]"),
        (lambda: SVTRNeck(20), "in_channels 20 must be a multiple of 8"),
        (lambda: SVTRNeck(16, hidden=30), "hidden 30 one of heads 8"),
        (lambda: CTCHead(8, 1), "out_channels 1: expected the blank and at least one character"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_parameter_names_are_the_golden_ones(repo_root):
    golden = json.loads((repo_root / "tests/models/golden/ppocrv3_rec_mobile.json").read_text(encoding="utf-8"))
    names = {p.name: list(p.shape) for p in build_model(SPEC, pretrained=False).get_parameters()}
    assert list(names.items()) == list(golden.items())
