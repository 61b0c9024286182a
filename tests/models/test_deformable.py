"""Deformable convolutions against their formula, pixel by pixel, with the order of channels of torchvision."""

import mindspore as ms
import numpy as np
import pytest
from deformable_reference import between, deform_conv2d
from mindspore import Tensor

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import build_model, load_weights
from mindocr.models.backbones.resnet import ResidualBlock
from mindocr.models.deformable import Deformable, DeformableConv, offset_names
from mindocr.registry import BACKBONES

NET = {"backbone": {"name": "det_resnet18"}, "neck": {"name": "DBFPN", "out_channels": 16}, "head": {"name": "DBHead"}}
LAST_THREE = [False, True, True, True]


@pytest.fixture(autouse=True)
def eager(graph_mode):
    ms.set_context(mode=ms.PYNATIVE_MODE)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def filled(*args):
    """A layer whose shifts reach across several pixels."""
    layer = DeformableConv(*args)
    for i, parameter in enumerate(layer.get_parameters()):
        parameter.set_data(Tensor(0.5 * draw(*parameter.shape, seed=i)))
    return layer


def expected(layer, x, weight, offset_weight, offset_bias):
    """The layer's output by the formula, from a plain convolution of MindSpore for what is predicted."""
    layer.offset.weight.set_data(Tensor(offset_weight))
    layer.offset.bias.set_data(Tensor(offset_bias))
    predicted = layer.offset(Tensor(x)).asnumpy()
    taps = 9 * layer.groups
    shifts, masks = predicted[:, : 2 * taps], 1 / (1 + np.exp(-predicted[:, 2 * taps :]))
    if layer.reread:
        n, (h, w) = len(x), [(side + 1) // 2 for side in x.shape[2:]]
        shifts = shifts.reshape(n, -1)[:, : 2 * taps * h * w].reshape(n, 2 * taps, h, w)
        masks = masks.reshape(n, -1)[:, : taps * h * w].reshape(n, taps, h, w)
    return deform_conv2d(x, weight, shifts, masks, layer.stride, layer.groups)


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
@pytest.mark.parametrize(
    ("stride", "groups", "origin"),
    [(1, 1, "paper"), (2, 1, "paper"), (2, 1, "authors"), (1, 2, "paper"), (2, 2, "authors")],
)
def test_the_layer_is_the_formula(stride, groups, origin, size):
    layer, x = filled(4, 5, stride, groups, origin), draw(2, 4, *size)
    weights = [p.asnumpy() for p in (layer.weight, layer.offset.weight, layer.offset.bias)]
    np.testing.assert_allclose(layer(Tensor(x)).asnumpy(), expected(layer, x, *weights), atol=1e-5, rtol=0)


def with_bias(**channels):
    """A layer that copies the centre, with the given biases of the prediction; weights of all taps near 1."""
    layer = DeformableConv(1, 1)
    kernel, bias = np.zeros((1, 1, 3, 3), np.float32), np.zeros(27, np.float32)
    kernel[0, 0, 1, 1] = 1
    bias[18:] = 50
    for name, value in channels.items():
        bias[int(name[1:])] = value
    layer.weight.set_data(Tensor(kernel))
    layer.offset.bias.set_data(Tensor(bias))
    return layer


def test_shifts_by_hand():
    """The centre is tap 4: channel 8 moves it down, channel 9 to the right, and channel 22 weighs it."""
    x = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    for biases, result in (
        ({}, x[0, 0]),
        ({"c8": 1}, [[4, 5, 6, 7], [8, 9, 10, 11], [0, 0, 0, 0]]),
        ({"c9": 1}, [[1, 2, 3, 0], [5, 6, 7, 0], [9, 10, 11, 0]]),
        ({"c9": 0.5}, [[0.5, 1.5, 2.5, 1.5], [4.5, 5.5, 6.5, 3.5], [8.5, 9.5, 10.5, 5.5]]),
        ({"c9": -2, "c8": -1}, [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 4, 5]]),
        ({"c22": 0}, x[0, 0] / 2),
        ({"c6": 1, "c10": 1, "c21": 0}, x[0, 0]),
    ):
        np.testing.assert_allclose(with_bias(**biases)(Tensor(x)).asnumpy()[0, 0], result, atol=1e-6)


def test_at_the_start_it_is_half_a_plain_convolution():
    layer, x = DeformableConv(4, 5, 2), draw(1, 4, 6, 8)
    plain = ms.ops.conv2d(Tensor(x), layer.weight, stride=2, pad_mode="pad", padding=1)
    np.testing.assert_allclose(layer(Tensor(x)).asnumpy(), plain.asnumpy() / 2, atol=1e-5)


def test_gradients_are_those_of_the_formula():
    layer, x = filled(2, 2), draw(1, 2, 4, 5)
    inputs = [x.astype(np.float64), *(p.asnumpy().astype(np.float64) for p in layer.get_parameters())]
    parameters = list(layer.get_parameters())
    factors = draw(1, 2, 4, 5, seed=9)

    def loss(image):
        return (layer(image) * Tensor(factors)).sum()

    to_image, to_weights = ms.grad(loss, 0, parameters)(Tensor(x))
    found = [to_image, *to_weights]
    assert [p.name for p in parameters] == ["weight", "offset.weight", "offset.bias"]
    for number, place in ((0, (0, 1, 2, 3)), (1, (1, 0, 0, 2)), (2, (9, 1, 1, 1)), (3, (4,)), (3, (9,)), (3, (22,))):
        step, values = 1e-3, []
        for sign in (1, -1):
            moved = [array.copy() for array in inputs]
            moved[number][place] += sign * step
            values.append((expected(layer, *(array.astype(np.float32) for array in moved)) * factors).sum())
        slope = (values[0] - values[1]) / (2 * step)
        assert found[number].asnumpy()[place] == pytest.approx(slope, rel=0.02, abs=0.01)


@pytest.mark.slow
def test_the_formula_reads_between_pixels_as_pytorch_does():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    planes, places = draw(3, 5, 7), 3 * draw(40, 2, seed=1) + 2
    grid = torch.from_numpy(2 * places[:, ::-1] / np.array([6, 4], np.float32) - 1).float()
    theirs = torch.nn.functional.grid_sample(
        torch.from_numpy(planes)[None], grid[None, None], padding_mode="zeros", align_corners=True
    )
    ours = np.stack([between(planes, *place) for place in places], 1)
    np.testing.assert_allclose(ours, theirs[0, :, 0].numpy(), atol=1e-5)


def test_the_result_is_float32_for_float16():
    layer, x = filled(4, 5), draw(1, 4, 6, 8)
    exact = layer(Tensor(x)).asnumpy()
    layer.offset.to_float(ms.float16)
    result = layer(Tensor(x).astype(ms.float16))
    assert result.dtype == ms.float32
    assert 1e-6 < np.abs(result.asnumpy() - exact).max() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["paper", "authors"])
def test_export_of_any_size_and_a_gradient_step(origin, reload_difference, gradient_step):
    ms.set_context(mode=ms.GRAPH_MODE)
    layer = filled(4, 5, 2, 1, origin)
    images = [Tensor(draw(*shape)) for shape in ((2, 4, 6, 8), (1, 4, 5, 9))]
    assert reload_difference(layer, [None, 4, None, None], *images) == 0
    before, after, dead = gradient_step(layer, images[0])
    assert after < before and dead == []


def test_the_3x3_convolution_of_a_bottleneck_is_replaced():
    block = ResidualBlock(8, 4, 2, bottleneck=True, deformable=Deformable(groups=2, origin="authors"))
    assert isinstance(block.conv2, DeformableConv) and block.conv2.stride == 2 and block.conv2.reread
    assert block.conv2.offset.weight.shape == (54, 4, 3, 3) and block.conv2.offset.stride == (1, 1)
    assert not isinstance(block.conv1, DeformableConv) and not isinstance(block.conv3, DeformableConv)


def test_weights_without_offsets_are_a_start(tmp_path):
    """ImageNet weights have no offsets; those of a whole detector may lack them too. Anything else is missing."""
    plain = build_model(NET)
    ms.save_checkpoint(plain, str(tmp_path / "net.ckpt"))
    first = BACKBONES.build(NET["backbone"])
    ms.save_checkpoint(first, str(tmp_path / "first.ckpt"))
    backbone = {**NET["backbone"], "dcn_stages": LAST_THREE}
    whole = build_model({**NET, "backbone": backbone, "pretrained": str(tmp_path / "net.ckpt")})
    part = build_model({**NET, "backbone": {**backbone, "pretrained": str(tmp_path / "first.ckpt")}})
    for network, source in ((whole, plain.backbone), (part, first)):
        for place in range(2):
            layer = network.backbone.layer2[place].conv2
            assert isinstance(layer, DeformableConv)
            np.testing.assert_array_equal(layer.weight.asnumpy(), source.layer2[place].conv2.weight.asnumpy())
    assert not isinstance(whole.backbone.layer1[0].conv2, DeformableConv)
    assert offset_names(whole)[0] == "backbone.layer2.0.conv2.offset.weight" and len(offset_names(whole)) == 12
    with pytest.raises(CheckpointError, match="12 not in the checkpoint: backbone.layer2.0.conv2.offset.weight"):
        load_weights(whole, tmp_path / "net.ckpt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dcn_stages": [True]}, r"dcn_stages \[True\]: expected four values, one for each stage"),
        ({"dcn_stages": LAST_THREE, "dcn_groups": 3}, "dcn_groups 3: expected a divisor of 128"),
        ({"dcn_stages": LAST_THREE, "dcn_groups": 0}, "dcn_groups 0: expected a divisor"),
        ({"dcn_origin": "torch"}, "'paper' or 'authors'"),
        ({"dcn_stage": LAST_THREE}, "did you mean 'dcn_stages'"),
    ],
)
def test_wrong_arguments(change, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build({"name": "det_resnet18", **change})
