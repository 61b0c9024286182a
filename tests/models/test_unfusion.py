"""From the fused form to the training form: same outputs, in training too, and branches that can learn."""

import mindspore as ms
import numpy as np
import ppocrv4
import pytest
from mindspore import Tensor
from ppocrv6 import detector, randomise, recogniser

from mindocr.errors import CheckpointError
from mindocr.models import build_model
from mindocr.models.fusion import fuse
from mindocr.models.unfusion import unfuse


@pytest.fixture(autouse=True)
def eager(graph_mode):
    ms.set_context(mode=ms.PYNATIVE_MODE)


def fused_of(section):
    """A fused network whose outputs have the sizes of those of a trained one."""
    trained = randomise(build_model(section(fused=False, tiny=True), pretrained=False)).set_train(False)
    fused = build_model(section(fused=True, tiny=True), pretrained=False).set_train(False)
    fuse(trained, fused)
    return fused


@pytest.mark.parametrize(
    ("section", "size"),
    [
        (detector, (64, 96)),
        pytest.param(recogniser, (48, 80), marks=pytest.mark.slow),
        pytest.param(ppocrv4.recogniser, (48, 80), marks=pytest.mark.slow),
    ],
)
def test_both_forms_compute_the_same(section, size):
    fused = fused_of(section)
    network = build_model(section(fused=False, tiny=True), pretrained=False)
    batch = np.random.default_rng(4).standard_normal((4, 3, *size)).astype(np.float32)
    assert unfuse(fused, network, [batch[:1], batch[1:]]) == 4
    expected = fused(Tensor(batch)).asnumpy()
    np.testing.assert_allclose(network.set_train(False)(Tensor(batch)).asnumpy(), expected, atol=1e-4)
    if section is detector:
        in_training = network.set_train(True)(Tensor(batch))[0].asnumpy()  # normalised by the batch itself
        np.testing.assert_allclose(in_training, expected, atol=2e-3)


@pytest.mark.slow
def test_placeholders_would_be_destroyed_by_training():
    """Why the statistics are measured: with mean 0 and variance 1 the outputs change as soon as training begins."""
    network = build_model(detector(fused=False, tiny=True), pretrained=False)
    fused = fused_of(detector)
    batch = np.random.default_rng(4).standard_normal((4, 3, 64, 96)).astype(np.float32)
    unfuse(fused, network, [batch])
    for name, cell in network.cells_and_names():
        if type(cell).__name__ == "BatchNorm2d" and "thresh" not in name:
            scale = cell.gamma.asnumpy() / np.sqrt(cell.moving_variance.asnumpy() + cell.eps)
            shift = cell.beta.asnumpy() - cell.moving_mean.asnumpy() * scale
            for parameter, array in (
                (cell.gamma, scale * np.sqrt(1 + cell.eps)), (cell.beta, shift),
                (cell.moving_mean, 0 * shift), (cell.moving_variance, 0 * shift + 1),
            ):  # fmt: skip
                parameter.set_data(Tensor(array.astype(np.float32)))
    expected = fused(Tensor(batch)).asnumpy()
    np.testing.assert_allclose(network.set_train(False)(Tensor(batch)).asnumpy(), expected, atol=1e-4)
    assert np.abs(network.set_train(True)(Tensor(batch))[0].asnumpy() - expected).max() > 0.05


@pytest.mark.slow
def test_added_branches_learn(gradient_step):
    network = build_model(detector(fused=False, tiny=True), pretrained=False)
    batch = np.random.default_rng(4).standard_normal((2, 3, 64, 96)).astype(np.float32)
    unfuse(fused_of(detector), network, [batch])
    before, after, dead = gradient_step(network, Tensor(batch))
    assert after < before
    assert not [name for name in dead if name.endswith(("gamma", "point.weight"))]


def test_what_does_not_belong_together():
    fused = fused_of(detector)
    with pytest.raises(CheckpointError, match="no images"):
        unfuse(fused, build_model(detector(fused=False, tiny=True), pretrained=False), [])
    with pytest.raises(CheckpointError, match="different layers"):
        unfuse(fused, build_model(recogniser(fused=False, tiny=True), pretrained=False), [])
