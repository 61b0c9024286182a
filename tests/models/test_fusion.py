"""Fused networks: same outputs as the network that was trained, and no parameter too many or too few."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from ppocrv6 import detector, randomise, recogniser

from mindocr.errors import ConfigError
from mindocr.models import build_model, load_weights
from mindocr.models.fusion import fused_weights


@pytest.fixture(autouse=True)
def eager():
    ms.set_context(mode=ms.PYNATIVE_MODE)


@pytest.mark.parametrize(("section", "size"), [(detector, (64, 96)), (recogniser, (48, 72))])
def test_the_fused_network_computes_the_same(section, size):
    trained = randomise(build_model(section(fused=False, tiny=True), pretrained=False)).set_train(False)
    fused = build_model(section(fused=True, tiny=True), pretrained=False).set_train(False)
    load_weights(fused, {name: Tensor(array) for name, array in fused_weights(trained).items()})
    x = Tensor(np.random.default_rng(2).standard_normal((2, 3, *size)).astype(np.float32))
    expected = trained(x).asnumpy()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(fused(x).asnumpy(), expected, atol=1e-5)


def test_a_biased_head_is_folded():
    section = detector(fused=False, tiny=True) | {"head": {"name": "DBHead", "bias": True}}
    trained = randomise(build_model(section, pretrained=False)).set_train(False)
    weights = fused_weights(trained)
    assert "head.segm.1.gamma" not in weights and "head.thresh.1.gamma" in weights
    segm, x = trained.head.segm, np.zeros((1, 16, 1, 1), np.float32)
    after_norm = segm[1](segm[0](Tensor(x))).asnumpy().ravel()
    np.testing.assert_allclose(weights["head.segm.0.bias"], after_norm, atol=1e-6)


def test_a_network_without_branches_cannot_be_fused():
    network = build_model(detector(fused=True, tiny=True), pretrained=False)
    with pytest.raises(ConfigError, match="no part of this network can be fused, or they are fused already"):
        fused_weights(network)
