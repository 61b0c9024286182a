"""Backbones of classification, and detection: hierarchical splits (HS-ResNet), PP-LCNet; the head of a classifier."""

import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.hs_resnet import HierarchicalSplit, split_widths
from mindocr.models.heads.cls_head import ClsHead
from mindocr.registry import BACKBONES


def trained_numbers(cell):
    return sum(p.size for p in cell.get_parameters() if p.requires_grad)


def classifier(backbone, **head):
    return build_model({"type": "cls", "backbone": backbone, "head": {"name": "ClsHead", **head}})


def test_widths_of_the_papers_split():
    """s = 5, w = 28: convolutions of 28, 42, 49 and 52 channels, 140 to the output."""
    widths = split_widths(5, 28)
    assert [sum(pair) for pair in widths[1:]] == [28, 42, 49, 52]
    assert [given for given, _ in widths] == [28, 14, 21, 25, 52]
    assert [carried for _, carried in widths] == [0, 14, 21, 24, 0]


@pytest.mark.parametrize(("splits", "width"), [(2, 1), (3, 5), (5, 28), (8, 7)])
def test_a_split_keeps_the_number_of_channels(splits, width):
    widths = split_widths(splits, width)
    assert sum(given for given, _ in widths) == splits * width
    assert all(given + carried < 2 * width for given, carried in widths)


def test_a_split_by_hand():
    """Three groups of two channels; convolutions that copy channel 0 to all channels, without a change by BatchNorm."""
    block = HierarchicalSplit(3, 2).set_train(False)
    assert block.widths == [(2, 0), (1, 1), (3, 0)]
    for layer in block.layers:
        weight = np.zeros(layer.conv.weight.shape, np.float32)
        weight[:, 0, 1, 1] = 1 + np.arange(len(weight))  # channel i becomes (i + 1) times channel 0
        layer.conv.weight.set_data(Tensor(weight))
    x = np.array([1, 2, 3, 4, 5, 6], np.float32).reshape(1, 6, 1, 1)
    # 1, 2 pass; 3 -> 3 and 6, of which 6 is carried; the last group 5, 6, 6 -> 5, 10, 15
    np.testing.assert_allclose(block(Tensor(x)).asnumpy().ravel(), [1, 2, 3, 5, 10, 15], rtol=1e-4)


def test_widths_double_with_each_stage():
    stages = BACKBONES.build({"name": "hs_resnet50"}).stages
    assert [len(stage) for stage in stages] == [3, 4, 6, 3]
    assert [stage[1].reduce.conv.weight.shape[0] for stage in stages] == [140, 280, 560, 1120]
    assert [type(stage[0].middle).__name__ for stage in stages] == ["HierarchicalSplit", *["ConvNormAct"] * 3]


@pytest.mark.parametrize(("scale", "millions"), [(0.25, 1.5), (0.5, 1.9), (1.0, 3.0)])
def test_parameters_of_pplcnet_as_published(scale, millions):
    """Paper, table 3."""
    network = classifier({"name": "pplcnet", "scale": scale}, num_classes=1000, hidden_channels=1280)
    assert round(trained_numbers(network) / 1e6, 1) == millions


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BACKBONES.build({"name": "hs_resnet50", "splits": 1}), "splits 1: expected 2 or more groups"),
        (lambda: BACKBONES.build({"name": "hs_resnet50", "width": 0}), "width 0: expected 1 or more channels"),
        (lambda: BACKBONES.build({"name": "pplcnet", "scale": 0}), "scale 0: expected a number above 0"),
        (lambda: ClsHead(8, hidden_channels=-1), "expected hidden_channels of 0 or more"),
        (lambda: ClsHead(8, dropout=1.0), "dropout from 0 to below 1, got 0 and 1.0"),
    ],
)
def test_mistakes(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


def test_a_hidden_layer_by_hand():
    """Means 1 and 3 of the last map; hidden 4, hard-swish(4) = 4; logits 4 and -4."""
    head = ClsHead([5, 2], hidden_channels=1).set_train(True)
    head.hidden[0].weight.set_data(Tensor(np.ones((1, 2, 1, 1), np.float32)))
    head.fc.weight.set_data(Tensor(np.array([[1], [-1]], np.float32)))
    head.fc.bias.set_data(Tensor(np.zeros(2, np.float32)))
    last = np.stack([np.full((2, 2), 1), [[2, 4], [3, 3]]])[None].astype(np.float32)
    logits = head((Tensor(np.zeros((1, 5, 4, 4), np.float32)), Tensor(last)))
    np.testing.assert_allclose(logits.asnumpy(), [[4, -4]], rtol=1e-5)


@pytest.mark.slow
def test_a_classifier_trains_and_exports(image, gradient_step, reload_difference):
    """PP-LCNet's stages are tested with the other backbones."""
    network = classifier({"name": "hs_resnet50", "splits": 2, "width": 4}, num_classes=3, hidden_channels=8)
    x = image(2, 32, 64)
    before, after, without_gradient = gradient_step(network, x)
    assert after < before and without_gradient == []
    assert network(x).shape == (2, 3)
    assert reload_difference(network, [None, 3, None, None], x, image(1, 64, 64)) == 0
