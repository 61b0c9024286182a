"""BatchNorms that keep their statistics."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn, ops

from mindocr.errors import ConfigError
from mindocr.models.frozen_norm import freeze_batch_norms


class Net(nn.Cell):
    """Two parts with a BatchNorm each."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.SequentialCell(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.BatchNorm2d(4)

    def construct(self, x):
        return self.head(ops.relu(self.backbone(x)))


@pytest.fixture
def net():
    ms.set_seed(0)
    made = Net()
    rng = np.random.default_rng(0)
    for cell in (made.backbone[1], made.head):
        cell.moving_mean.set_data(ms.Tensor(rng.normal(size=4).astype(np.float32)))
        cell.moving_variance.set_data(ms.Tensor(rng.uniform(0.5, 2, 4).astype(np.float32)))
    return made


def test_in_training_a_frozen_network_computes_what_it_computes_in_evaluation(net):
    """In graph mode; weights, factors and offsets have gradients, and the statistics stay."""
    assert freeze_batch_norms(net, ["all"]) == 2
    x = ms.Tensor(np.random.default_rng(1).normal(size=(2, 3, 8, 8)).astype(np.float32))
    expected = net.set_train(False)(x).asnumpy()
    before = [cell.moving_mean.asnumpy().copy() for cell in (net.backbone[1], net.head)]
    weights = net.trainable_params()

    def loss(image):
        out = net(image)
        return (out * out).sum(), out

    net.set_train(True)
    step = ms.jit(ms.value_and_grad(loss, None, weights, has_aux=True))
    (_, out), gradients = step(x)
    assert np.allclose(out.asnumpy(), expected, atol=1e-5)
    by_name = {weight.name: np.abs(gradient.asnumpy()).max() for weight, gradient in zip(weights, gradients)}
    assert set(by_name) == {"backbone.0.weight", "backbone.1.gamma", "backbone.1.beta", "head.gamma", "head.beta"}
    assert min(by_name.values()) > 0
    for cell, mean in zip((net.backbone[1], net.head), before):
        assert np.array_equal(cell.moving_mean.asnumpy(), mean)


def test_some_of_them_and_without_their_factors(net):
    assert freeze_batch_norms(net, ["backbone"], affine=False) == 1
    assert net.backbone[1].use_batch_statistics is False and net.head.use_batch_statistics is None
    assert [p.name for p in net.trainable_params()] == ["backbone.0.weight", "head.gamma", "head.beta"]


def test_a_word_that_fits_none(net):
    with pytest.raises(ConfigError, match=r"'nek' in its name; it has 2 of them, in backbone, head"):
        freeze_batch_norms(net, ["nek"])
    fused = nn.SequentialCell(nn.Conv2d(3, 4, 3))
    assert freeze_batch_norms(fused, ["all"]) == 0
    with pytest.raises(ConfigError, match="it has none: its layers are fused"):
        freeze_batch_norms(fused, ["backbone"])
