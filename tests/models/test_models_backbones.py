import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.models.backbones.mobilenet_v3 import round_channels
from mindocr.models.backbones.resnet import ResidualBlock
from mindocr.models.layers import SqueezeExcite
from mindocr.registry import BACKBONES

MOBILENET_050 = {
    "name": "det_mobilenet_v3",
    "architecture": "large",
    "alpha": 0.5,
    "bottleneck_params": {"se_version": "SqueezeExciteV2", "always_expand": True},
}
ENHANCED = {"name": "det_mobilenet_v3_enhance", "architecture": "large", "alpha": 0.5, "disable_se": True}
FAST = [
    ({"name": "det_resnet18"}, [64, 128, 256, 512]),
    ({"name": "det_mobilenet_v3", "architecture": "small", "alpha": 0.5}, [8, 16, 24, 288]),
]
VD18 = {"name": "det_resnet18_vd", "dcn_stages": [False, False, False, True]}


def names(net):
    return [name for name, _ in net.parameters_and_names()]


@pytest.mark.parametrize(
    ("spec", "channels"),
    [
        *FAST,
        ({"name": "det_resnet50"}, [256, 512, 1024, 2048]),
        ({"name": "det_resnet18_vd"}, [64, 128, 256, 512]),
        ({"name": "det_mobilenet_v3"}, [24, 40, 112, 960]),
        (MOBILENET_050, [16, 24, 56, 480]),
        (ENHANCED, [16, 24, 56, 480]),
        ({**ENHANCED, "architecture": "small"}, [8, 16, 24, 288]),
        ({"name": "pplcnet"}, [64, 128, 256, 512]),
        ({"name": "pplcnet", "scale": 0.25}, [16, 32, 64, 128]),
        ({"name": "hs_resnet50"}, [256, 512, 1024, 2048]),
    ],
)
def test_announces_channels_and_strides(spec, channels):
    backbone = BACKBONES.build(spec)
    assert (backbone.out_channels, backbone.strides) == (channels, [4, 8, 16, 32])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "channels"), [*FAST, (VD18, [64, 128, 256, 512]), ({"name": "pplcnet", "scale": 0.25}, [16, 32, 64, 128])]
)
def test_forward_gradient_and_export(spec, channels, image, gradient_step, reload_difference):
    backbone = BACKBONES.build(spec)
    x = image(2, 64, 96)
    maps = backbone(x)
    assert [m.shape for m in maps] == [(2, c, 64 // s, 96 // s) for c, s in zip(channels, backbone.strides)]
    before, after, without_gradient = gradient_step(backbone, x)
    assert after < before
    assert without_gradient == []
    # MindSpore cannot compile a deformable convolution of a loaded file for a map of one row; see docs/dbnet.md.
    other = image(1, 64, 64) if "dcn_stages" in spec else image(1, 32, 64)
    assert reload_difference(backbone, [None, 3, None, None], x, other) == 0


def test_out_stages_choose_the_maps(image):
    backbone = BACKBONES.build({**MOBILENET_050, "out_stages": [3, 5, 20]})
    assert (backbone.out_channels, backbone.strides) == ([8, 16, 480], [2, 4, 32])
    assert [m.shape for m in backbone(image(1, 32, 32))] == [(1, 8, 16, 16), (1, 16, 8, 8), (1, 480, 1, 1)]


def test_always_expand_adds_a_convolution_to_the_first_unit_only():
    plain = names(BACKBONES.build({**MOBILENET_050, "bottleneck_params": {"se_version": "SqueezeExciteV2"}}))
    expanded = names(BACKBONES.build(MOBILENET_050))
    assert len(expanded) - len(plain) == 5  # one convolution, four numbers of its BatchNorm
    assert len([n for n in expanded if n.startswith("features.3.")]) == 15
    assert [n for n in expanded if n.startswith("features.4.")] == [n for n in plain if n.startswith("features.4.")]


def test_the_enhanced_backbone_is_grouped_and_may_have_squeeze_and_excitation(image):
    plain, excited = names(BACKBONES.build(ENHANCED)), names(BACKBONES.build({**ENHANCED, "disable_se": False}))
    assert len(plain) == 5 * (1 + 3 * 15 + 1)  # a convolution and four numbers of its BatchNorm each
    added = [name for name in excited if name not in plain]
    assert len(added) == 8 * 4
    assert added[:4] == [f"stages.1.0.mid_se.conv{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")]
    maps = BACKBONES.build({**ENHANCED, "architecture": "small", "disable_se": False})(image(1, 32, 64))
    assert [m.shape for m in maps] == [(1, 8, 8, 16), (1, 16, 4, 8), (1, 24, 2, 4), (1, 288, 1, 2)]


def test_round_channels_by_hand():
    assert [round_channels(v) for v in (4, 8, 36, 92, 100, 12, 33.6)] == [8, 8, 40, 96, 104, 16, 32]


@pytest.mark.parametrize("dense", [False, True])
def test_squeeze_excite_matches_numpy(dense):
    layer = SqueezeExcite(32, 8, dense)
    rng = np.random.default_rng(3)
    for _, parameter in layer.parameters_and_names():
        parameter.set_data(Tensor(rng.standard_normal(parameter.shape).astype(np.float32)))
    x = rng.standard_normal((2, 32, 3, 5)).astype(np.float32)
    reduce, expand = (
        (getattr(layer, n).weight.asnumpy().reshape(-1, c), getattr(layer, n).bias.asnumpy())
        for n, c in (("conv_reduce", 32), ("conv_expand", 8))
    )
    hidden = np.maximum(x.mean((2, 3)) @ reduce[0].T + reduce[1], 0) @ expand[0].T + expand[1]
    gate = 1 / (1 + np.exp(-hidden)) if dense else np.clip(hidden / 6 + 0.5, 0, 1)
    np.testing.assert_allclose(layer(Tensor(x)).asnumpy(), x * gate[:, :, None, None], atol=1e-5)


def test_a_bottleneck_strides_on_its_3x3_convolution():
    block = ResidualBlock(64, 32, 2, bottleneck=True)
    assert [c.stride for c in (block.conv1, block.conv2, block.conv3)] == [(1, 1), (2, 2), (1, 1)]


def test_resnet_vd_has_three_small_convolutions_and_a_pooling_that_pads_on_all_sides():
    backbone = BACKBONES.build({"name": "det_resnet18_vd"})
    convolutions = [layer.conv for layer in backbone.stem]
    assert [c.weight.shape for c in convolutions] == [(32, 3, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3)]
    assert [c.stride for c in convolutions] == [(2, 2), (1, 1), (1, 1)]
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(backbone.max_pool(Tensor(x)).asnumpy()[0, 0], [[5, 7], [13, 15]])
    first = [layer[0] for layer in (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4)]
    assert [block.halve is None for block in first] == [True, False, False, False]
    assert [block.down_sample[0].stride for block in first] == [(1, 1)] * 4
    assert all(layer[1].down_sample is None for layer in (backbone.layer1, backbone.layer4))
    # stem 28,512 and 256 of its BatchNorms; the projection of the first stage 4,096 and 128
    plain = BACKBONES.build({"name": "det_resnet18"})
    size = [sum(p.size for p in net.trainable_params()) for net in (backbone, plain)]
    assert size[0] - size[1] == (28_512 + 256 + 4_096 + 128) - (9_408 + 128)


def test_the_shortcut_of_resnet_vd_takes_means_by_hand():
    """With the residual branch at 0 and a projection that copies, the block gives the means of 2x2 pixels."""
    ms.set_context(mode=ms.PYNATIVE_MODE)
    block = ResidualBlock(2, 2, 2, bottleneck=False, opens_vd=True).set_train(False)
    block.bn2.gamma.set_data(Tensor(np.zeros(2, np.float32)))
    block.down_sample[0].weight.set_data(Tensor(np.eye(2, dtype=np.float32).reshape(2, 2, 1, 1)))
    x = np.stack([np.arange(15.0).reshape(3, 5), np.full((3, 5), 7.0)]).astype(np.float32)[None]
    y = block(Tensor(x)).asnumpy()[0] * np.sqrt(1 + 1e-5)
    # odd sizes: the means at the border are of the one or two pixels that there are
    np.testing.assert_allclose(y, [[[3, 5, 6.5], [10.5, 12.5, 14]], np.full((2, 3), 7)], rtol=1e-5)


def test_paddles_squeeze_and_excitation_is_steeper():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    gates = {}
    for origin in ("mindocr", "paddleocr"):
        spec = {**ENHANCED, "architecture": "small", "disable_se": False, "origin": origin}
        layer = BACKBONES.build(spec).stages[0][0].mid_se
        for name, parameter in layer.parameters_and_names():
            parameter.set_data(Tensor(np.full(parameter.shape, name == "conv2.bias", np.float32)))
        gates[origin] = float(layer(Tensor(np.ones((1, 8, 2, 2), np.float32))).asnumpy()[0, 0, 0, 0])
    assert gates == pytest.approx({"mindocr": 1 / 6 + 0.5, "paddleocr": 0.7})


def test_the_stems_pooling_pads_at_the_bottom_right():
    pool = BACKBONES.build({"name": "det_resnet18"}).max_pool
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(pool(Tensor(x)).asnumpy()[0, 0], [[10, 11], [14, 15]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.0}, "alpha 0.0: expected a positive width multiplier"),
        ({"out_stages": [8, 5]}, r"out_stages \[8, 5\]: expected ascending indices"),
        ({"out_stages": [1, 5]}, "layers that end a unit"),
        ({"out_stages": []}, "expected ascending indices"),
        ({"architecture": "medium"}, "'large' or 'small'"),
        ({"bottleneck_params": {"always_expnd": True}}, "always_expnd.*not permitted"),
        ({"bottleneck_params": {"se_version": "V2"}}, "'SqueezeExcite' or 'SqueezeExciteV2'"),
        ({"pretraned": True}, "did you mean 'pretrained'"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build({**MOBILENET_050, **change})


@pytest.mark.parametrize("change", [{"alpha": -1.0}, {"out_stages": [5, 8, 14, 20]}])
def test_wrong_arguments_of_the_enhanced_backbone(change):
    with pytest.raises(ConfigError, match="alpha -1.0: expected a positive width|has no argument 'out_stages'"):
        BACKBONES.build({**ENHANCED, **change})
