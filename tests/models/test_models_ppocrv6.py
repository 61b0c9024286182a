"""PP-OCRv6's small networks: parameter counts of the released files, names, single layers, training, export."""

import json

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from ppocrv6 import detector, randomise, recogniser

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.pplcnet_v4 import PPLCNetV4
from mindocr.models.heads.db_auxiliary_head import DBAuxiliaryHead
from mindocr.models.necks.rep_lk_fpn import RepLKFPN
from mindocr.models.necks.svtr import LightSVTRNeck


@pytest.fixture(autouse=True)
def eager(graph_mode):
    ms.set_context(mode=ms.PYNATIVE_MODE)


def count(*cells):
    return [sum(parameter.size for parameter in cell.get_parameters()) for cell in cells]


def draw(*shape):
    return Tensor(np.random.default_rng(shape[-1]).standard_normal(shape).astype(np.float32))


def names(network):
    return {parameter.name: list(parameter.shape) for parameter in network.get_parameters()}


def golden(repo_root, name):
    return json.loads((repo_root / f"tests/models/golden/{name}.json").read_text(encoding="utf-8"))


def test_the_detector_has_the_parameters_of_the_released_file(repo_root):
    network = build_model(detector(fused=True), pretrained=False)
    backbone, neck = network.backbone, network.neck
    assert count(backbone.stem, *backbone.stages) == [14_604, 20_892, 95_448, 693_792, 1_487_712]
    assert count(neck.ins_conv, neck, network.head.segm) == [88_032, 88_032 + 29_688, 23_185]
    assert list(names(network).items()) == list(golden(repo_root, "ppocrv6_det_small").items())


def test_the_recogniser_has_the_parameters_of_the_released_file(repo_root):
    network = build_model(recogniser(fused=True), pretrained=False)
    backbone = network.backbone
    assert count(backbone.stem, backbone.stages) == [56_856, 2_619_144]
    assert count(network.neck, network.head) == [327_720, 2_263_910]
    assert list(names(network).items()) == list(golden(repo_root, "ppocrv6_rec_small").items())


def test_the_detector_in_training_has_the_parameters_of_the_published_form(repo_root):
    network = build_model(detector(fused=False), pretrained=False)
    trained = [sum(p.size for p in part.trainable_params()) for part in (network.backbone, network.neck, network.head)]
    assert trained == [2_327_028, 136_920, 46_514]
    assert list(names(network).items()) == list(golden(repo_root, "ppocrv6_det_small_training").items())


def with_levels(section):
    """A detector's section with auxiliary heads."""
    neck = {**section["neck"], "auxiliary": True}
    return {**section, "neck": neck, "head": {**section["head"], "name": "DBAuxiliaryHead"}}


def test_auxiliary_heads_have_three_times_the_parameters_of_the_head():
    head = DBAuxiliaryHead(96)
    extra = [sum(p.size for p in cells.trainable_params()) for cells in (head.auxiliary_segm, head.auxiliary_thresh)]
    assert sum(extra) == 139_542 == 3 * 46_514


def test_auxiliary_heads_are_absent_in_evaluation():
    network = build_model(with_levels(detector(fused=True, tiny=True)), pretrained=False)
    plain = build_model(detector(fused=True, tiny=True), pretrained=False).set_train(False)
    weights = network.weights()
    for parameter in plain.get_parameters():
        parameter.set_data(weights[parameter.name])
    x = draw(1, 3, 64, 96)
    in_training = network.set_train(True)(x)
    assert len(in_training) == len(network.outputs) == 12
    assert {each.shape for each in in_training} == {(1, 1, 64, 96)}
    in_evaluation = network.set_train(False)(x).asnumpy()
    np.testing.assert_array_equal(in_evaluation, plain(x).asnumpy())
    np.testing.assert_allclose(in_training[0].asnumpy(), in_evaluation, atol=1e-6)  # no BatchNorm in this branch


def test_an_auxiliary_head_by_hand():
    """Weights of 0 but for the biases of the last layer: each map is a constant."""
    head = DBAuxiliaryHead(8, k=4)
    for parameter in head.get_parameters():
        if parameter.name.endswith("weight"):
            parameter.set_data(Tensor(np.zeros(parameter.shape, np.float32)))
    for number, (segm, thresh) in enumerate(zip(head.auxiliary_segm, head.auxiliary_thresh)):
        segm[6].bias.set_data(Tensor(np.array([number], np.float32)))
        thresh[6].bias.set_data(Tensor(np.array([-number], np.float32)))
    maps = head.set_train(True)((draw(1, 8, 8, 8), draw(1, 8, 2, 2), draw(1, 8, 4, 4), draw(1, 8, 8, 8)))

    def sigmoid(value):
        return 1 / (1 + np.exp(-value))

    for number, name in enumerate(("p4", "p3", "p2")):
        prob, thresh = sigmoid(number), sigmoid(-number)
        expected = (prob, thresh, sigmoid(4 * (prob - thresh)))
        for part, value in zip(("prob", "thresh", "binary"), expected):
            found = maps[DBAuxiliaryHead.outputs.index(f"{part}_{name}")].asnumpy()
            assert found.shape == (1, 1, 32, 32)
            np.testing.assert_allclose(found, value, atol=1e-6)


def test_an_auxiliary_head_needs_the_levels_of_its_neck():
    section = detector(fused=True, tiny=True)
    with pytest.raises(ConfigError, match=r"model\.neck\.auxiliary: the head DBAuxiliaryHead needs the value True and"):
        build_model({**section, "head": {"name": "DBAuxiliaryHead"}}, pretrained=False)
    with pytest.raises(ConfigError, match=r"model\.neck\.auxiliary: the head DBHead needs the value False$"):
        build_model({**section, "neck": {**section["neck"], "auxiliary": True}}, pretrained=False)


@pytest.mark.slow
def test_a_step_reaches_the_auxiliary_heads(gradient_step):
    network = randomise(build_model(with_levels(detector(False, tiny=True)), pretrained=False))
    before, after, dead = gradient_step(network, draw(2, 3, 64, 64))
    assert after < before
    assert dead == []


def test_maps_of_the_detector_and_one_row_of_the_recogniser():
    maps = PPLCNetV4(channels=[8, 12, 16], depths=[1, 1, 1], fused=True).set_train(False)(draw(1, 3, 64, 96))
    assert [each.shape for each in maps] == [(1, 8, 16, 24), (1, 12, 8, 12), (1, 16, 4, 6)]
    lines = PPLCNetV4("rec", channels=[8, 12], depths=[1, 1], fused=True).set_train(False)
    for height, width, steps in ((48, 320, 40), (48, 421, 53), (32, 64, 8)):
        assert lines(draw(1, 3, height, width)).shape == (1, 12, 1, steps)


def test_even_kernels_of_the_stem_pad_at_the_bottom_right():
    layer = PPLCNetV4(channels=[8], depths=[1], fused=True).stem.conv2
    layer.conv.weight.set_data(Tensor(np.ones(layer.conv.weight.shape, np.float32)))
    out = layer(Tensor(np.ones((1, 4, 3, 3), np.float32))).asnumpy()[0, 0] / 4
    assert out.tolist() == [[4, 4, 2], [4, 4, 2], [2, 2, 1]]


def test_squeeze_and_excitation_is_in_every_second_block_and_never_in_the_last():
    found = [[block.se is not None for block in stage] for stage in PPLCNetV4("rec", fused=True).stages]
    assert found == [
        [True, False, False],
        [False, True, False, True, False, True, False],
        [False, True, False],
    ]


def test_a_new_block_changes_nothing_but_its_depthwise_layer():
    """The factor of its last BatchNorm begins with 0."""
    block = PPLCNetV4(channels=[8], depths=[1]).set_train(False).stages[0][0]
    x = draw(1, 8, 5, 6)
    np.testing.assert_allclose(block(x).asnumpy(), block.mixer(x).asnumpy(), atol=1e-6)


def test_the_light_neck_by_hand():
    """Attention blocks that add nothing leave LayerNorm(z + local(z)) + skip, each convolution with swish."""
    neck = LightSVTRNeck(4, hidden=8, local_kernel=3).set_train(False)
    for block in neck.blocks:
        for layer in (block.mixer.proj, block.fc2):
            layer.weight.set_data(Tensor(np.zeros(layer.weight.shape, np.float32)))
            layer.bias.set_data(Tensor(np.zeros(layer.bias.shape, np.float32)))
    features = draw(1, 4, 1, 5)

    def swish(values):
        values = values / np.sqrt(1 + 1e-5)  # a new BatchNorm
        return values / (1 + np.exp(-values))

    x = features.asnumpy()[0, :, 0]
    z, skip = (swish(layer.conv.weight.asnumpy()[:, :, 0, 0] @ x) for layer in (neck.reduce, neck.skip))
    kernel, padded = neck.local.conv.weight.asnumpy()[:, 0, 0], np.pad(z, ((0, 0), (1, 1)))
    z = z + swish(sum(kernel[:, [i]] * padded[:, i : i + 5] for i in range(3)))
    steps = (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-6)
    np.testing.assert_allclose(neck(features).asnumpy()[0], (steps + skip).T, atol=1e-4)


@pytest.mark.slow
def test_a_step_lowers_the_loss_and_reaches_every_parameter(gradient_step):
    network = randomise(build_model(detector(False, tiny=True), pretrained=False))
    before, after, dead = gradient_step(network, draw(2, 3, 64, 64))
    assert after < before
    assert dead == []


@pytest.mark.slow
def test_a_step_of_the_fused_form(gradient_step):
    """Without BatchNorm a tiny squeeze-and-excitation may be saturated, so its own layers are not asked for."""
    network = build_model(detector(True, tiny=True), pretrained=False)
    before, after, dead = gradient_step(network, draw(2, 3, 64, 64))
    assert after < before
    assert [name for name in dead if ".se." not in name and ".se_block." not in name] == []


@pytest.mark.slow
def test_a_step_of_the_recogniser(gradient_step):
    network = randomise(build_model(recogniser(False, tiny=True), pretrained=False))
    before, after, dead = gradient_step(network, draw(2, 3, 48, 64))
    assert after < before
    assert dead == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "shape", "sizes"),
    [
        (detector, (None, 3, None, None), [(1, 64, 96), (2, 96, 64)]),
        (recogniser, (None, 3, 48, None), [(2, 48, 64), (1, 48, 130)]),
    ],
)
def test_the_exported_network_takes_any_size(reload_difference, section, shape, sizes):
    network = randomise(build_model(section(True, tiny=True), pretrained=False)).set_train(False)
    inputs = [draw(n, 3, h, w) for n, h, w in sizes]
    eager = [network(x).asnumpy() for x in inputs]
    ms.set_context(mode=ms.GRAPH_MODE)
    assert reload_difference(network, shape, *inputs) < 1e-5
    for x, expected in zip(inputs, eager):
        np.testing.assert_allclose(network(x).asnumpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PPLCNetV4(channels=[8, 16], depths=[1]), r"channels \[8, 16\] and depths \[1\]: give one of each"),
        (lambda: PPLCNetV4(channels=[6], depths=[1]), r"channels \[6\] must be multiples of 4"),
        (lambda: PPLCNetV4(channels=[8], depths=[0]), r"depths \[0\] at least 1 each"),
        (lambda: RepLKFPN([8, 8], out_channels=9), "RepLKFPN out_channels 9: 2 levels share the channels evenly"),
        (lambda: LightSVTRNeck(8, hidden=12), "hidden 12 must be a multiple of heads 8"),
        (lambda: LightSVTRNeck(8, hidden=8, local_kernel=4), "local_kernel 4 odd"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
