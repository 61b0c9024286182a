"""Layers with branches: the single convolution computes the same, and by hand."""

import mindspore as ms
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mindspore import Tensor, nn
from ppocrv6 import randomise

from mindocr.models.fold import centred, fold, spread
from mindocr.models.rep_layers import DilatedDepthwise, RepConv, RepDepthwise


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def fill(norm, gamma, beta, mean, variance):
    """Set a BatchNorm of one channel; ``variance`` includes epsilon."""
    for name, value in (("gamma", gamma), ("beta", beta), ("moving_mean", mean), ("moving_variance", variance - 1e-5)):
        getattr(norm, name).set_data(Tensor(np.array([value], np.float32)))


def test_a_depthwise_layer_by_hand():
    """Of a picture of one pixel only the centres of the kernels count.

    3x3: 2 * 3 = 6, normalised (6 - 1) / 2 * 2 + 0.5 = 5.5; 1x1: -3; the input: 3; their sum 5.5 becomes
    (5.5 - 0.5) * 3 + 1 = 16. As one convolution: weight 3 * (2 - 1 + 1) = 6, bias 16 - 6 * 3 = -2.
    """
    layer = RepDepthwise(1).set_train(False)
    layer.wide.conv.weight.set_data(Tensor(np.full((1, 1, 3, 3), 2, np.float32)))
    layer.point.weight.set_data(Tensor(np.full((1, 1, 1, 1), -1, np.float32)))
    fill(layer.wide.bn, 2, 0.5, 1, 4)
    fill(layer.bn, 3, 1, 0.5, 1)
    assert layer(Tensor(np.full((1, 1, 1, 1), 3, np.float32))).asnumpy().item() == pytest.approx(16, abs=1e-4)
    weight, bias = layer.fuse()
    assert weight[0, 0, 1, 1] == pytest.approx(6, abs=1e-5) and weight[0, 0, 0, 0] == pytest.approx(6, abs=1e-5)
    assert bias.item() == pytest.approx(-2, abs=1e-5)


def test_a_layer_of_four_convolutions_by_hand():
    """Of a map of one pixel with the value 2: four 3x3 branches whose centres are 1 to 4, a 1x1 branch -1, the input.

    Each convolution passes a BatchNorm that changes nothing, the input one that doubles it: 2 (1+2+3+4) - 2 + 4 = 22,
    then 22 * 0.5 + 3 = 14. As one convolution: centre 1+2+3+4 - 1 + 2 = 11.
    """
    layer = RepConv(1, 1, 3).set_train(False)
    for number, branch in enumerate(layer.branches, 1):
        branch.conv.weight.set_data(Tensor(np.full((1, 1, 3, 3), number, np.float32)))
        fill(branch.bn, 1, 0, 0, 1)
    layer.point.conv.weight.set_data(Tensor(np.full((1, 1, 1, 1), -1, np.float32)))
    fill(layer.point.bn, 1, 0, 0, 1)
    fill(layer.direct, 2, 0, 0, 1)
    layer.affine.scale.set_data(Tensor(np.array([0.5], np.float32)))
    layer.affine.bias.set_data(Tensor(np.array([3], np.float32)))
    assert layer(Tensor(np.full((1, 1, 1, 1), 2, np.float32))).asnumpy().item() == pytest.approx(14, abs=1e-4)
    weight, bias = layer.fuse()
    assert (weight[0, 0, 1, 1], weight[0, 0, 0, 1], bias.item()) == pytest.approx((11, 10, 0), abs=1e-4)


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "groups", "branches"),
    [((6, 6), 3, (1, 1), 6, 6), ((6, 6), 5, (2, 1), 6, 5), ((6, 8), 1, (1, 1), 1, 4), ((6, 6), 3, (2, 2), 2, 5),
     ((4, 4), 1, (1, 1), 2, 5)],
)  # fmt: skip
def test_a_fused_layer_of_any_form_computes_the_same(channels, kernel, stride, groups, branches):
    layer = randomise(RepConv(*channels, kernel, stride, groups, nn.HSwish())).set_train(False)
    norms = [cell for _, cell in layer.cells_and_names() if isinstance(cell, nn.BatchNorm2d)]
    assert len(norms) == branches
    fused = RepConv(*channels, kernel, stride, groups, nn.HSwish(), fused=True).set_train(False)
    weight, bias = layer.fuse()
    for parameter, array in ((fused.single.weight, weight), (fused.single.bias, bias)):
        parameter.set_data(Tensor(array.astype(np.float32)))
    fused.affine.scale.set_data(layer.affine.scale)
    fused.affine.bias.set_data(layer.affine.bias)
    x = Tensor(np.random.default_rng(1).standard_normal((2, channels[0], 9, 11)).astype(np.float32))
    expected = layer(x).asnumpy()
    assert expected.shape == (2, channels[1], -(-9 // stride[0]), -(-11 // stride[1])) and expected.std() > 0.1
    np.testing.assert_allclose(fused(x).asnumpy(), expected, atol=1e-5)


def test_where_the_taps_of_the_dilated_branches_are():
    layer = DilatedDepthwise(1)
    for branch, value in zip(layer.branches, (0, 0, 1, 10)):
        branch.conv.weight.set_data(Tensor(np.full(branch.conv.weight.shape, value, np.float32)))
    kernel = layer.fuse().weight[0, 0] * np.sqrt(1 + 1e-5)
    expected = np.zeros((7, 7))
    expected[::3, ::3] += 10
    expected[1::2, 1::2] += 1
    np.testing.assert_allclose(kernel, expected, atol=1e-6)


@pytest.mark.parametrize("kind", [RepDepthwise, DilatedDepthwise])
def test_the_fused_layer_computes_the_same(kind):
    layer = randomise(kind(6)).set_train(False)
    fused = kind(6, fused=True).set_train(False)
    weight, bias = layer.fuse()
    fused.conv.weight.set_data(Tensor(weight.astype(np.float32)))
    fused.conv.bias.set_data(Tensor(bias.astype(np.float32)))
    x = Tensor(np.random.default_rng(1).standard_normal((2, 6, 9, 11)).astype(np.float32))
    np.testing.assert_allclose(fused(x).asnumpy(), layer(x).asnumpy(), atol=1e-5)
    assert [p.name for p in fused.get_parameters()] == ["conv.weight", "conv.bias"]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([1, 3, 5]), st.integers(1, 3))
def test_a_spread_kernel_keeps_its_taps_and_its_centre(size, dilation):
    kernel = np.random.default_rng(size).standard_normal((2, 1, size, size))
    large = spread(kernel, dilation)
    around = centred(large, large.shape[-1] + 4)
    assert large.shape[-1] == dilation * (size - 1) + 1
    np.testing.assert_array_equal(large[..., ::dilation, ::dilation], kernel)
    assert around.sum() == pytest.approx(kernel.sum())
    middle, centre = around.shape[-1] // 2, size // 2
    np.testing.assert_array_equal(around[..., middle, middle], kernel[..., centre, centre])


def test_the_bias_of_a_transposed_convolution_is_folded_too():
    """Two input and one output channel: the output channels are on the second axis."""
    norm = nn.BatchNorm2d(1)
    fill(norm, 6, 1, 0.5, 4)
    weight, bias = fold(np.array([[[[1.0]]], [[[2.0]]]]), norm, np.array([1.5]), axis=1)
    np.testing.assert_allclose(weight.ravel(), [3, 6], rtol=1e-6)
    assert bias.item() == pytest.approx(1 + (1.5 - 0.5) * 3, rel=1e-6)
