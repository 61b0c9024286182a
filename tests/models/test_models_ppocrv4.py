"""PP-OCRv4's mobile networks: parameter counts of the released files, names, shapes, training, export."""

import json

import mindspore as ms
import numpy as np
import ppocrv4
import pytest
from mindspore import Tensor
from ppocrv6 import randomise

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.pplcnet_v3 import PPLCNetV3


@pytest.fixture(autouse=True)
def eager(graph_mode):
    ms.set_context(mode=ms.PYNATIVE_MODE)


def count(*cells):
    return [sum(parameter.size for parameter in cell.get_parameters()) for cell in cells]


def draw(*shape):
    return Tensor(np.random.default_rng(shape[-1]).standard_normal(shape).astype(np.float32))


def golden_names(repo_root, name):
    return list(json.loads((repo_root / f"tests/models/golden/{name}.json").read_text(encoding="utf-8")).items())


def names(network):
    return [(parameter.name, list(parameter.shape)) for parameter in network.get_parameters()]


def test_the_detector_has_the_parameters_of_the_released_file(repo_root):
    network = build_model(ppocrv4.detector(fused=True), pretrained=False)
    assert count(network.backbone.stem, network.backbone.stages)[0] == 3 * 16 * 9 + 4 * 16
    assert sum(count(network.backbone.stem, network.backbone.stages)) == 854_728
    assert count(network.backbone.outs, network.neck, network.head.segm) == [149_040, 144_600, 23_353]
    assert names(network) == golden_names(repo_root, "ppocrv4_det_mobile")


def test_the_recogniser_has_the_parameters_of_the_released_file(repo_root):
    network = build_model(ppocrv4.recogniser(fused=True), pretrained=False)
    assert count(network.backbone, network.neck, network.head) == [1_320_756, 567_840, 801_625]
    assert names(network) == golden_names(repo_root, "ppocrv4_rec_mobile")


@pytest.mark.slow
def test_the_backbones_in_training_have_the_parameters_of_the_published_form(repo_root):
    det, rec = PPLCNetV3(), PPLCNetV3("rec")
    trained = [sum(p.size for p in cell.trainable_params()) for cell in (det, det.outs, rec)]
    assert [round(value / 1e6, 2) for value in (trained[0] - trained[1], trained[2])] == [3.18, 4.89]
    assert names(det) == golden_names(repo_root, "ppocrv4_det_backbone_training")


def test_maps_of_the_detector_and_one_row_of_the_recogniser():
    maps = PPLCNetV3(scale=0.25, fused=True).set_train(False)(draw(1, 3, 64, 96))
    assert [each.shape for each in maps] == [(1, 4, 16, 24), (1, 6, 8, 12), (1, 14, 4, 6), (1, 120, 2, 3)]
    lines = PPLCNetV3("rec", scale=0.25, fused=True).set_train(False)
    for height, width, steps in ((48, 320, 40), (48, 421, 53), (32, 64, 8)):
        assert lines(draw(1, 3, height, width)).shape == (1, 128, 1, steps)


def test_only_a_layer_that_halves_both_sides_has_no_activation():
    silent = {
        form: [name for name, cell in PPLCNetV3(form, 0.25, fused=True).cells_and_names()
               if name.endswith("depthwise") and cell.act is None]
        for form in ("det", "rec")
    }  # fmt: skip
    assert silent == {"det": [f"stages.{stage}.0.depthwise" for stage in (1, 2, 3, 4)], "rec": []}


def test_a_scale_of_0():
    with pytest.raises(ConfigError, match="pplcnet_v3 scale 0: expected a number above 0"):
        PPLCNetV3(scale=0)


@pytest.mark.slow
@pytest.mark.parametrize(("section", "size"), [(ppocrv4.detector, (64, 64)), (ppocrv4.recogniser, (48, 64))])
def test_a_step_lowers_the_loss_and_reaches_every_parameter(gradient_step, section, size):
    network = randomise(build_model(section(fused=False, tiny=True), pretrained=False))
    before, after, dead = gradient_step(network, draw(2, 3, *size))
    assert after < before
    # Random weights saturate some hard-sigmoids of the pyramid, whose layers then have no gradient.
    assert [name for name in dead if ".neck." not in name or ".se_block." not in name] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "shape", "sizes"),
    [
        (ppocrv4.detector, (None, 3, None, None), [(1, 64, 96), (2, 96, 64)]),
        (ppocrv4.recogniser, (None, 3, 48, None), [(2, 48, 64), (1, 48, 130)]),
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
