"""Rounding by hand, gradients that pass through it, and what a network with it has in addition."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.quantization import cut, quantize, rounded, rounded_weights

SECTION = {
    "type": "det", "transform": None,
    "backbone": {"name": "det_mobilenet_v3_enhance", "architecture": "small", "alpha": 0.35, "disable_se": True},
    "neck": {"name": "DBFPN", "out_channels": 16}, "head": {"name": "DBHead"},
}  # fmt: skip


class Layer(nn.Cell):
    """One convolution of 1 x 1 with two input channels and one output channel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 1, weight_init="ones")
        self.conv.weight.set_data(Tensor(np.array([1.0, -0.3], np.float32).reshape(1, 2, 1, 1)))

    def construct(self, x):
        return self.conv(x)


@pytest.fixture
def layer():
    network = Layer()
    assert quantize(network, clip_init=2.0) == ["conv.clip", "conv.range_sum", "conv.range_count"]
    return network


def pixel(*channels):
    return Tensor(np.array(channels, np.float32).reshape(1, -1, 1, 1))


def test_values_are_cut_and_rounded():
    x = Tensor(np.array([-3.0, -1.0, 0.004, 0.4, 3.0], np.float32))
    np.testing.assert_allclose(cut(x, Tensor([2.0])).asnumpy(), [-2, -1, 0.004, 0.4, 2], rtol=1e-6)
    # Steps of 1 / 127: 0.004 is 0.508 of one, 0.4 is 50.8 of them; int8 reaches from -128 to 127 steps
    found = rounded(x, Tensor([1.0])).asnumpy()
    np.testing.assert_allclose(found, np.array([-128, -127, 1, 51, 127]) / 127, rtol=1e-6)
    assert rounded(x, Tensor([1.0]), -127.0).asnumpy()[0] == pytest.approx(-1.0)


def test_gradients_pass_rounding_and_reach_the_bound():
    clip = Parameter(Tensor(np.array([2.0], np.float32)), name="clip")
    x = Tensor(np.array([-3.0, -1.0, 0.4, 3.0, 5.0], np.float32))

    def loss(x):
        return (rounded(cut(x, clip), Tensor([2.0])) * Tensor(np.array([1, 2, 3, 4, 5], np.float32))).sum()

    of_x, of_clip = ms.grad(loss, 0, (clip,))(x)
    np.testing.assert_allclose(of_x.asnumpy(), [0, 2, 3, 0, 0])
    np.testing.assert_allclose(of_clip[0].asnumpy(), [-1 + 4 + 5])


def test_a_layer_by_hand(layer):
    layer.set_train(True)
    # The average begins as the first largest value, so a step is 1.5 / 127
    first = layer(pixel(1.5, 0.5)).asnumpy().item()
    step = 1.5 / 127
    weight = round(0.3 * 127) / 127  # 38 steps of 1 / 127
    assert first == pytest.approx(127 * step - weight * round(0.5 / step) * step, rel=1e-6)
    layer(pixel(3.0, 0.5))  # is cut at 2
    total, count = layer.conv.range_sum.asnumpy().item(), layer.conv.range_count.asnumpy().item()
    assert total == pytest.approx(0.9 * 1.5 + 2.0) and count == pytest.approx(1.9)
    assert layer.conv.clip.asnumpy().item() == 2.0
    layer.set_train(False)
    step = 3.35 / 1.9 / 127
    found = layer(pixel(1.9, 0.5)).asnumpy().item()  # above the average: 127 steps
    assert found == pytest.approx(127 * step - weight * round(0.5 / step) * step, rel=1e-6)
    assert layer.conv.range_count.asnumpy().item() == pytest.approx(1.9)  # evaluation changes nothing


def test_the_first_batch_raises_the_bound(layer):
    layer.set_train(True)

    def total(x):
        return layer(x).sum()

    loss = ms.value_and_grad(total, None, (layer.conv.clip,))
    _, (gradient,) = loss(pixel(5.0, 0.5))
    assert layer.conv.clip.asnumpy().item() == 5.0 and gradient.asnumpy().item() == 0.0
    _, (gradient,) = loss(pixel(7.0, 0.5))  # is cut
    assert layer.conv.clip.asnumpy().item() == 5.0 and gradient.asnumpy().item() == pytest.approx(1.0)


def test_before_the_first_step_inputs_are_not_rounded(layer):
    layer.set_train(False)
    weight = round(0.3 * 127) / 127
    assert layer(pixel(3.0, 0.5)).asnumpy().item() == pytest.approx(3.0 - weight * 0.5, rel=1e-6)
    with pytest.raises(ConfigError, match=r"conv\.weight has not seen an image; train the network"):
        rounded_weights(layer)


def test_arrays_of_the_rounded_network(layer):
    layer.set_train(True)
    layer(pixel(1.5, 0.5))
    arrays, ranges = rounded_weights(layer)
    assert list(arrays) == ["conv.weight"] and ranges["conv.weight"] == pytest.approx((2.0, 1.5))
    np.testing.assert_allclose(arrays["conv.weight"].ravel(), [1.0, -38 / 127], rtol=1e-6)


def test_which_layers_are_rounded(tmp_path):
    network = build_model({**SECTION, "quantization": {"clip_init": 6.0}}, pretrained=False)
    rounded_ones = {name.removesuffix(".clip") for name, _ in network.parameters_and_names() if name.endswith(".clip")}
    assert "backbone.stages.0.0.bottleneck_conv.conv" in rounded_ones and "head.segm.0" in rounded_ones
    spared = {"backbone.conv.conv", "head.segm.3", "head.segm.6", "head.thresh.0"}
    assert not rounded_ones & spared
    names = [parameter.name for parameter in network.trainable_params()]
    assert "head.segm.0.clip" in names and "head.segm.0.range_sum" not in names
    assert len(rounded_ones) == 11 * 3 + 1 + 4 + 4 + 1
    # Weights of the network before fit; those of the rounded one come back as they were
    plain = build_model(SECTION, pretrained=False)
    ms.save_checkpoint(plain, str(tmp_path / "plain.ckpt"))
    started = build_model({**SECTION, "pretrained": str(tmp_path / "plain.ckpt"), "quantization": {}})
    ours, theirs = dict(started.parameters_and_names()), dict(plain.parameters_and_names())
    assert all(np.array_equal(ours[name].asnumpy(), theirs[name].asnumpy()) for name in theirs)
    assert ours["head.segm.0.clip"].asnumpy().item() == 20.0
    ms.save_checkpoint(started, str(tmp_path / "rounded.ckpt"))
    build_model({**SECTION, "quantization": {}}, ckpt=tmp_path / "rounded.ckpt")


def test_unknown_keys_are_named():
    with pytest.raises(ConfigError, match=r"model\.quantization\.clip_int: unknown key; did you mean|clip_init"):
        build_model({**SECTION, "quantization": {"clip_int": 6.0}}, pretrained=False)


def test_layers_with_branches_are_refused():
    section = {**SECTION, "backbone": {"name": "pplcnet_v3", "scale": 0.35}, "quantization": {}}
    with pytest.raises(ConfigError, match="has branches in training; write the fused network with 'mindocr fuse'"):
        build_model(section, pretrained=False)
    with pytest.raises(ConfigError, match=r"model\.quantization: is not allowed beside networks"):
        networks = {"a": {key: SECTION[key] for key in ("backbone", "neck", "head")}}
        build_model({"networks": networks, "use": "a", "quantization": {}}, pretrained=False)
