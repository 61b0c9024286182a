"""Moving average and clipping against NumPy, in compiled and eager steps."""

from __future__ import annotations

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.optim import EMA, clip_by_global_norm


class Layer(nn.Cell):
    """A scale and a running statistic."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(Tensor([1.0, 2.0], ms.float32), name="weight")
        self.moving_mean = Parameter(Tensor([4.0], ms.float32), name="moving_mean", requires_grad=False)

    def construct(self, x):
        return x * self.weight + self.moving_mean


class Step(nn.Cell):
    """Optimizer, then moving average, in one graph; the loss is the sum, whose gradient is the input."""

    def __init__(self, layer, ema) -> None:
        super().__init__(auto_prefix=False)
        self.layer = layer
        self.optimizer = nn.SGD(layer.trainable_params(), 0.5)
        self.ema = ema
        self.gradients = ms.grad(self.loss, None, self.optimizer.parameters)

    def loss(self, x):
        return self.layer(x).sum()

    def construct(self, x):
        self.optimizer(self.gradients(x))
        self.ema()
        return x


class Clip(nn.Cell):
    """The function inside a cell."""

    def __init__(self, max_norm) -> None:
        super().__init__()
        self.max_norm = max_norm

    def construct(self, *gradients):
        return clip_by_global_norm(gradients, self.max_norm)


def test_first_updates_by_hand(mode):
    layer = Layer()
    ema = EMA(layer, decay=0.15)
    layer.weight.set_data(Tensor([3.0, 2.0], ms.float32))
    ema()  # t = 0: d = 1 / 10
    np.testing.assert_allclose(ema.shadows[0].asnumpy(), [0.1 * 1 + 0.9 * 3, 2], rtol=1e-6)
    ema()  # t = 1: 2 / 11 exceeds 0.15
    np.testing.assert_allclose(ema.shadows[0].asnumpy(), [0.15 * 2.8 + 0.85 * 3, 2], rtol=1e-6)
    assert float(ema.updates.asnumpy()) == 2


def test_average_in_a_training_step_sees_the_new_weights(mode):
    layer = Layer()
    ema = EMA(layer, decay=0.999)
    step = Step(layer, ema)
    weight = shadow = np.array([1.0, 2.0])
    for t in range(4):
        x = np.array([0.1, -0.2], np.float32) * (t + 1)
        step(Tensor(x))
        weight = weight - 0.5 * x
        decay = min(0.999, (1 + t) / (10 + t))
        shadow = decay * shadow + (1 - decay) * weight
    np.testing.assert_allclose(layer.weight.asnumpy(), weight, rtol=1e-5)
    np.testing.assert_allclose(ema.shadows[0].asnumpy(), shadow, rtol=1e-5)


def test_swap_in_for_evaluation_and_out_again(mode):
    layer = Layer()
    ema = EMA(layer)
    step = Step(layer, ema)
    x = Tensor([1.0, 1.0], ms.float32)
    step(x)
    own, shadow = layer.weight.asnumpy().copy(), ema.shadows[0].asnumpy().copy()
    assert not np.allclose(own, shadow)
    with ema.applied():
        np.testing.assert_allclose(layer(x).asnumpy(), shadow + 4, rtol=1e-6)
    np.testing.assert_allclose(layer(x).asnumpy(), own + 4, rtol=1e-6)
    np.testing.assert_array_equal(ema.shadows[0].asnumpy(), shadow)
    step(x)
    np.testing.assert_allclose(layer.weight.asnumpy(), own - 0.5, rtol=1e-6)


def test_an_error_during_evaluation_gives_the_weights_back():
    layer = Layer()
    ema = EMA(layer)
    layer.weight.set_data(Tensor([9.0, 9.0], ms.float32))
    with pytest.raises(RuntimeError, match="out of images"), ema.applied():
        assert layer.weight.asnumpy().tolist() == [1, 2]
        raise RuntimeError("out of images")
    assert layer.weight.asnumpy().tolist() == [9, 9]


def test_shadows_are_named_and_not_trained():
    layer = Layer()
    ema = EMA(layer)
    assert [p.name for p in ema.get_parameters() if p.name.startswith("ema.")] == [
        "ema.weight",
        "ema.moving_mean",
        "ema.updates",
    ]
    assert not [p.name for p in Step(layer, ema).trainable_params() if p.name.startswith("ema.")]


@pytest.mark.parametrize("decay", [1.0, -0.1])
def test_decay_out_of_range_is_refused(decay):
    with pytest.raises(ConfigError, match=rf"expected a number in \[0, 1\), got {decay}"):
        EMA(Layer(), decay=decay)


def test_clipping_by_hand(mode):
    clipped, norm = Clip(1.0)(Tensor([3.0, 0.0], ms.float32), Tensor([[4.0]], ms.float32))
    assert float(norm.asnumpy()) == pytest.approx(5)
    np.testing.assert_allclose(clipped[0].asnumpy(), [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(clipped[1].asnumpy(), [[0.8]], rtol=1e-6)


def test_gradients_within_the_limit_are_untouched(mode):
    gradient = np.random.default_rng(0).normal(size=50).astype(np.float32)
    clipped, norm = Clip(100.0)(Tensor(gradient))
    np.testing.assert_array_equal(clipped[0].asnumpy(), gradient)
    assert float(norm.asnumpy()) == pytest.approx(np.linalg.norm(gradient.astype(np.float64)), rel=1e-6)


def test_float16_gradients_do_not_overflow_in_the_norm(mode):
    gradient = np.full(4, 300.0, np.float16)
    clipped, norm = Clip(6.0)(Tensor(gradient))
    assert norm.dtype == ms.float32
    assert float(norm.asnumpy()) == pytest.approx(600)
    assert clipped[0].dtype == ms.float16
    np.testing.assert_allclose(clipped[0].asnumpy(), 3.0, rtol=1e-3)


def test_zero_gradients_stay_zero_and_finite(mode):
    clipped, norm = Clip(1.0)(ops.zeros((3,), ms.float32))
    assert float(norm.asnumpy()) == 0
    np.testing.assert_array_equal(clipped[0].asnumpy(), 0)
