"""CRNN's convolutions: sizes by hand, training, export, and its recipes' classes."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from ppocrv2 import SECTIONS

from mindocr.config import load_config
from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.backbones.rec_vgg import RecVGG7


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def line(n=1, width=64):
    return Tensor(np.random.default_rng(width).standard_normal((n, 3, 32, width)).astype(np.float32))


@pytest.mark.parametrize("width", [1.0, 0.25])
def test_weights_are_those_of_the_papers_table(width):
    channels = [3] + [round(width * each) for each in (64, 128, 256, 256, 512, 512)]
    expected = sum(9 * a * b + 4 * b for a, b in zip(channels, channels[1:]))  # BatchNorm has four numbers a channel
    last = channels[-1]
    expected += 4 * last * last + 4 * last  # 2 x 2
    assert sum(parameter.size for parameter in RecVGG7(width).get_parameters()) == expected


@pytest.mark.parametrize(("width", "steps"), [(128, 31), (100, 24), (101, 24), (8, 1)])
def test_a_line_becomes_one_row(width, steps):
    backbone = RecVGG7(0.125).set_train(False)
    assert backbone(line(2, width)).shape == (2, 64, 1, steps) and backbone.out_channels == 64


@pytest.mark.parametrize("width", [0, -1, 0.01])
def test_widths_without_whole_channels_are_refused(width):
    with pytest.raises(ConfigError, match=f"rec_vgg7 width {width}: expected a positive multiple of 1/64"):
        RecVGG7(width)


@pytest.mark.slow
def test_a_step_lowers_the_loss_and_reaches_every_parameter(gradient_step):
    before, after, dead = gradient_step(build_model(SECTIONS["crnn_small"], pretrained=False), line(4))
    assert after < before
    assert dead == []


@pytest.mark.slow
def test_the_exported_recogniser_takes_any_width(reload_difference):
    ms.set_context(mode=ms.GRAPH_MODE)
    network = build_model(SECTIONS["crnn_small"], pretrained=False)
    assert reload_difference(network, (None, 3, 32, None), line(2, 64), line(1, 130)) < 1e-5


@pytest.mark.parametrize(("recipe", "characters"), [
    ("crnn_mobilenetv3", 36), ("crnn_mobilenetv3_english", 63), ("crnn_mobilenetv3_chinese", 6624),
    ("crnn_small_synthetic", 36),
])  # fmt: skip
def test_recipes_have_a_class_for_each_character_and_the_blank(repo_root, recipe, characters):
    config = load_config(repo_root / f"configs/rec/crnn/{recipe}.yaml")
    assert config.model.head["out_channels"] == characters + 1
    known = config.postprocess.get("characters")
    if known:
        assert len(set(known)) + config.postprocess["use_space_char"] == characters
