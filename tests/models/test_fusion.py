"""Fused networks: same outputs as the network that was trained, and no parameter too many or too few."""

import mindspore as ms
import numpy as np
import ppocrv4
import ppocrv6
import pytest
from mindspore import Tensor
from ppocrv6 import randomise

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import build_model
from mindocr.models.fusion import fuse, has_other_form, in_form
from mindocr.models.rep_layers import RepLayer


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


def fused_of(section, trained):
    fused = build_model(in_form(section, fused=True), pretrained=False).set_train(False)
    fuse(trained, fused)
    return fused


@pytest.mark.parametrize(
    ("section", "size"),
    [
        (ppocrv6.detector, (64, 96)),
        (ppocrv6.recogniser, (48, 72)),
        pytest.param(ppocrv4.recogniser, (48, 72), marks=pytest.mark.slow),
    ],
)
def test_the_fused_network_computes_the_same(section, size):
    section = section(fused=False, tiny=True)
    trained = randomise(build_model(section, pretrained=False)).set_train(False)
    fused = fused_of(section, trained)
    assert not any(isinstance(cell, RepLayer) and cell.conv is None for _, cell in fused.cells_and_names())
    x = Tensor(np.random.default_rng(2).standard_normal((2, 3, *size)).astype(np.float32))
    expected = trained(x).asnumpy()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(fused(x).asnumpy(), expected, atol=2e-5)


def test_a_biased_head_is_folded():
    section = ppocrv6.detector(fused=False, tiny=True) | {"head": {"name": "DBHead", "bias": True}}
    trained = randomise(build_model(section, pretrained=False)).set_train(False)
    weights = {parameter.name: parameter.asnumpy() for parameter in fused_of(section, trained).get_parameters()}
    assert "head.segm.1.gamma" not in weights and "head.thresh.1.gamma" in weights
    segm, x = trained.head.segm, np.zeros((1, 16, 1, 1), np.float32)
    after_norm = segm[1](segm[0](Tensor(x))).asnumpy().ravel()
    np.testing.assert_allclose(weights["head.segm.0.bias"], after_norm, atol=1e-6)
    np.testing.assert_array_equal(weights["head.thresh.0.weight"], trained.head.thresh[0].weight.asnumpy())


def test_a_section_in_the_other_form():
    section = {**ppocrv4.detector(fused=True, tiny=True), "head": {"name": "DBHead"}}
    assert has_other_form(section, True) and has_other_form(section, False)
    fused = in_form(section, True)
    assert (fused["backbone"]["fused"], fused["head"]["fused"], "fused" in fused["neck"]) == (True, True, False)
    with pytest.raises(ConfigError, match=r"backbone, head\) have the form 'fused: True' already"):
        in_form(fused, True)
    plain = {
        "type": "det",
        "backbone": {"name": "det_resnet18"},
        "neck": {"name": "DBFPN"},
        "head": {"name": "CTCHead"},
    }
    assert not has_other_form(plain, True)
    with pytest.raises(ConfigError, match="no part of this network can be fused: none has the option 'fused'"):
        in_form(plain, True)


def test_networks_that_do_not_belong_together():
    network = build_model(ppocrv6.recogniser(fused=False, tiny=True), pretrained=False)
    other = ppocrv6.recogniser(fused=True, tiny=True)
    with pytest.raises(CheckpointError, match="different layers, so one is not the fused form of the other"):
        fuse(network, build_model({**other, "neck": {"name": "LightSVTRNeck", "hidden": 24}}, pretrained=False))
    with pytest.raises(CheckpointError, match="different layers"):
        fuse(network, build_model(ppocrv6.detector(fused=True, tiny=True), pretrained=False))
