import numpy as np
import pytest
from mindspore import Tensor
from scipy.signal import correlate2d

from mindocr.errors import ConfigError
from mindocr.models.layers import upsample_nearest
from mindocr.models.necks.asf import AdaptiveScaleFusion
from mindocr.models.necks.db_fpn import DBFPN
from mindocr.models.necks.lk_pan import LKPAN
from mindocr.models.necks.rep_lk_fpn import RepLKFPN
from mindocr.models.necks.rse_fpn import RSEFPN
from mindocr.registry import NECKS


def levels(channels=(8, 16, 24, 32), batch=2, height=16, width=24):
    """Random feature maps, finest first, each half the size of the one before."""
    rng = np.random.default_rng(5)
    shapes = [(batch, c, height >> i, width >> i) for i, c in enumerate(channels)]
    return tuple(Tensor(rng.standard_normal(shape).astype(np.float32)) for shape in shapes)


def convolve(x, weight, bias=None):
    """A stride-1 convolution (N, C, H, W) with zero padding, by SciPy."""
    out = np.stack(
        [
            [sum(correlate2d(plane, w, mode="same") for plane, w in zip(sample, kernel)) for kernel in weight]
            for sample in x
        ]
    )
    return out if bias is None else out + bias[:, None, None]


def repeat(x, factor):
    return x.repeat(factor, 2).repeat(factor, 3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def stretch(x, factor):
    """Nearest pixel when the corner pixels of the small and of the large grid coincide."""
    for axis in (2, 3):
        size = x.shape[axis]
        places = np.linspace(0, size - 1, factor * size)
        x = x.take(np.abs(places[:, None] - np.arange(size)).argmin(1), axis)
    return x


@pytest.mark.parametrize(("factor", "size"), [(2, (4, 5)), (4, (3, 6)), (8, (7, 1)), (1, (2, 2))])
def test_upsampling_with_aligned_corners(factor, size):
    x = np.random.default_rng(0).standard_normal((2, 3, *size)).astype(np.float32)
    large = upsample_nearest(Tensor(x), factor, align_corners=True).asnumpy()
    np.testing.assert_array_equal(large, stretch(x, factor))
    assert (large == repeat(x, factor)).all() == (factor < 4)


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_upsampling_repeats_pixels(factor):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(upsample_nearest(Tensor(x), factor).asnumpy(), repeat(x, factor))


def test_pyramid_matches_numpy():
    neck = DBFPN([8, 16, 24, 32], out_channels=16)
    features = levels(batch=1)
    lateral = [convolve(f.asnumpy(), c.weight.asnumpy()) for f, c in zip(features, neck.unify_channels)]
    for i in (2, 1, 0):
        lateral[i] = lateral[i] + repeat(lateral[i + 1], 2)
    coarsest_first = [repeat(convolve(lateral[i], neck.out[i].weight.asnumpy()), 2**i) for i in (3, 2, 1, 0)]
    np.testing.assert_allclose(neck(features).asnumpy(), np.concatenate(coarsest_first, 1), atol=1e-4)


def excite(x, weight, gate, shortcut):
    """Residual squeeze-and-excitation after the convolution ``in_conv``."""
    x = convolve(x, weight["in_conv.weight"])
    hidden = x.mean((2, 3), keepdims=True)
    hidden = np.maximum(convolve(hidden, weight["se_block.conv1.weight"], weight["se_block.conv1.bias"]), 0)
    y = x * gate(convolve(hidden, weight["se_block.conv2.weight"], weight["se_block.conv2.bias"]))
    return x + y if shortcut else y


ORIGINS = {
    "mindocr": (stretch, lambda x: np.clip(x + 3, 0, 6) / 6),
    "paddleocr": (repeat, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
}


@pytest.mark.parametrize(("origin", "shortcut"), [("mindocr", True), ("mindocr", False), ("paddleocr", True)])
def test_excited_pyramid_matches_numpy(origin, shortcut):
    neck = RSEFPN([8, 16, 24, 32], 16, shortcut, origin)
    features = levels(batch=1)
    enlarge, gate = ORIGINS[origin]
    cells = (*neck.ins_conv, *neck.inp_conv)
    weights = [{name: p.asnumpy() for name, p in cell.parameters_and_names()} for cell in cells]
    level = [excite(f.asnumpy(), weight, gate, shortcut) for f, weight in zip(features, weights)]
    for i in (2, 1, 0):
        level[i] = level[i] + repeat(level[i + 1], 2)
    expected = [enlarge(excite(level[i], weights[4 + i], gate, shortcut), 2**i) for i in (3, 2, 1, 0)]
    np.testing.assert_allclose(neck(features).asnumpy(), np.concatenate(expected, 1), atol=1e-4)


def test_pyramid_of_large_kernels_matches_numpy():
    neck = RepLKFPN([4, 6], out_channels=8, fused=True)
    features = levels((4, 6), batch=1)
    gate = ORIGINS["paddleocr"][1]
    cells = (*neck.ins_conv, *neck.inp_conv)
    weights = [{name: p.asnumpy() for name, p in cell.parameters_and_names()} for cell in cells]
    level = [excite(f.asnumpy(), weight, gate, True) for f, weight in zip(features, weights)]
    level[0] = level[0] + repeat(level[1], 2)
    expected = []
    for i in (1, 0):
        kernels = neck.large[i].conv.weight.asnumpy()[:, 0]
        mixed = np.stack([correlate2d(plane, kernel, mode="same") for plane, kernel in zip(level[i][0], kernels)])[None]
        expected.append(repeat(excite(mixed, weights[2 + i], gate, True), 2**i))
    np.testing.assert_allclose(neck(features).asnumpy(), np.concatenate(expected, 1), atol=1e-4)


def separable(x, weight):
    """Depthwise 9x9, 1x1, ReLU, 1x1, each BatchNorm as it starts; plus a projection where there is one."""
    kernels = weight["conv1.weight"][:, 0]
    scale = 1 / np.sqrt(1 + 1e-5)
    y = np.stack([[correlate2d(p, k, mode="same") for p, k in zip(sample, kernels)] for sample in x]) * scale
    y = convolve(np.maximum(convolve(y, weight["conv2.weight"]) * scale, 0), weight["conv3.weight"])
    return y + convolve(x, weight["conv_end.weight"]) if "conv_end.weight" in weight else y


@pytest.mark.parametrize("mode", ["large", "lite"])
def test_pyramid_with_a_way_up_matches_numpy(mode):
    neck = LKPAN([8, 4, 4, 4], out_channels=16, mode=mode).set_train(False)
    features = levels((8, 4, 4, 4), batch=1, height=8, width=16)
    weight = {name: p.asnumpy() for name, p in neck.parameters_and_names()}

    def large(x, start):
        if mode == "large":
            return convolve(x, weight[f"{start}.weight"])
        return separable(x, {n.removeprefix(f"{start}."): w for n, w in weight.items() if n.startswith(f"{start}.")})

    level = [convolve(f.asnumpy(), weight[f"ins_conv.{i}.weight"]) for i, f in enumerate(features)]
    for i in (2, 1, 0):
        level[i] = level[i] + repeat(level[i + 1], 2)
    level = [large(x, f"inp_conv.{i}") for i, x in enumerate(level)]
    for i in (1, 2, 3):
        level[i] = level[i] + convolve(level[i - 1], weight[f"pan_head_conv.{i - 1}.weight"])[:, :, ::2, ::2]
    level = [repeat(large(x, f"pan_lat_conv.{i}"), 2**i) for i, x in enumerate(level)]
    np.testing.assert_allclose(neck(features).asnumpy(), np.concatenate(level[::-1], 1), atol=1e-4)
    assert ("pan_lat_conv.0.conv_end.weight" in weight, "inp_conv.0.conv_end.weight" in weight) == (
        False,
        mode == "lite",
    )


def test_the_way_up_by_hand():
    """All 1x1 and 9x9 kernels copy, 3x3 kernels take every other pixel: each level gets the finer ones on the way."""
    neck = LKPAN([1, 1], out_channels=8)
    for parameter in neck.get_parameters():
        kernel = np.zeros(parameter.shape, np.float32)
        middle = parameter.shape[-1] // 2
        kernel[:4, 0, middle, middle] = 1
        parameter.set_data(Tensor(kernel))
    fine, coarse = np.arange(8.0, dtype=np.float32).reshape(1, 1, 2, 4), np.array([[[[10, 20]]]], np.float32)
    y = neck((Tensor(fine), Tensor(coarse))).asnumpy()[0]
    np.testing.assert_array_equal(y[4], [[10, 11, 22, 23], [14, 15, 26, 27]])  # fine + coarse
    np.testing.assert_array_equal(y[0], [[20, 20, 42, 42]] * 2)  # coarse + every other pixel of the line above


@pytest.mark.parametrize("channel_attention", [False, True])
def test_adaptive_scale_fusion_matches_numpy(channel_attention):
    layer = AdaptiveScaleFusion(32, 4, channel_attention)
    weight = {name: p.asnumpy() for name, p in layer.parameters_and_names()}
    scales = [f.asnumpy() for f in levels((8,), 2, 6, 5) * 4]
    scales = [f * (i + 1) for i, f in enumerate(scales)]
    s = convolve(np.concatenate(scales, 1), weight["conv.weight"], weight["conv.bias"])
    if channel_attention:
        hidden = np.maximum(convolve(s.mean((2, 3), keepdims=True), weight["chan_att.0.weight"]), 0)
        s = s + sigmoid(convolve(hidden, weight["chan_att.2.weight"]))
    hidden = np.maximum(convolve(s.mean(1, keepdims=True), weight["spat_att.0.weight"]), 0)
    s = s + sigmoid(convolve(hidden, weight["spat_att.2.weight"]))
    gates = sigmoid(convolve(s, weight["scale_att.0.weight"]))
    expected = np.concatenate([scale * gates[:, i : i + 1] for i, scale in enumerate(scales)], 1)
    np.testing.assert_allclose(layer([Tensor(f) for f in scales]).asnumpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": True},
        {"use_asf": True},
        {"use_asf": True, "channel_attention": False},
        {"name": "RSEFPN"},
        {"name": "LKPAN"},
    ],
)
def test_shape_and_gradient(options, gradient_step):
    neck = NECKS.build({"name": "DBFPN", "out_channels": 32, **options}, in_channels=[8, 16, 24, 32])
    features = levels()
    assert neck.out_channels == 32
    assert neck(features).shape == (2, 32, 16, 24)
    before, after, without_gradient = gradient_step(neck, features)
    assert after < before
    assert [n for n in without_gradient if "spat_att" not in n] == []  # a single ReLU, which may be off at first


def test_no_attention_without_being_asked_for():
    assert DBFPN([8, 16], out_channels=16, channel_attention=True).fuse is None


@pytest.mark.parametrize(("channels", "asf"), [(30, False), (2, False), (12, True), (0, False)])
def test_channels_that_do_not_divide_are_refused(channels, asf):
    with pytest.raises(ConfigError, match=f"out_channels {channels}: .* a multiple of 4, at least"):
        DBFPN([8, 16, 24, 32], out_channels=channels, use_asf=asf)


@pytest.mark.parametrize("channels", [8, 18])
def test_channels_that_do_not_suit_the_excited_pyramid(channels):
    with pytest.raises(ConfigError, match=f"RSEFPN out_channels {channels}: .* a multiple of 4, at least 16"):
        RSEFPN([8, 16, 24, 32], out_channels=channels)


def test_unknown_argument_is_named():
    with pytest.raises(ConfigError, match="did you mean 'out_channels'"):
        NECKS.build({"name": "DBFPN", "out_chanels": 256}, in_channels=[8, 16, 24, 32])
