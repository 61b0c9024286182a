"""One training step: update, scaling, overflow, accumulation, clipping, EMA; in graph and PyNative mode."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn, ops

from mindocr.engine.train.step import LossScale, TrainStep
from mindocr.optim import EMA


class Linear(nn.Cell):
    """y = x w, one weight vector that starts at (1, 2, 3)."""

    def __init__(self):
        super().__init__()
        self.w = ms.Parameter(ms.Tensor([1.0, 2.0, 3.0], ms.float32), name="w")

    def construct(self, image):
        return ops.mul(image, self.w).sum(-1)


class Mean(nn.Cell):
    """Mean of (y - label)."""

    labels = ("target",)

    def construct(self, output, target):
        total = (output - target).mean()
        return total, ops.stack((total, 2 * total))


def make(scale=1.0, kind="static", lr=0.1, window=2, with_ema=False, **options):
    network = Linear()
    optimizer = nn.SGD(network.trainable_params(), lr)
    ema = EMA(network, 0.5) if with_ema else None
    step = TrainStep(network, Mean(), optimizer, LossScale(kind, scale, 2.0, window), ema=ema, **options)
    return network, step.set_train(), ema


def feed(step, x, y=0.0):
    x = np.asarray(x, np.float32)
    total, terms, finite, norm = step(ms.Tensor(x), ms.Tensor(np.full(len(x), y, np.float32)))
    return float(total.asnumpy()), terms.asnumpy(), bool(finite.asnumpy()), float(norm.asnumpy())


pytestmark = pytest.mark.usefixtures("mode")


def test_a_step_is_sgd_whatever_the_loss_scale():
    # loss = mean over the batch of x.w; gradient = mean of x = (2, 3, 4)
    x = [[1, 2, 3], [3, 4, 5]]
    for scale in (1.0, 512.0):
        network, step, _ = make(scale)
        total, terms, finite, norm = feed(step, x)
        assert total == pytest.approx(20.0)
        np.testing.assert_allclose(terms, [20.0, 40.0])
        assert finite
        assert norm == pytest.approx(np.sqrt(29), rel=1e-6)
        np.testing.assert_allclose(network.w.asnumpy(), [0.8, 1.7, 2.6], rtol=1e-6)


def test_gradients_are_clipped_to_the_norm():
    network, step, _ = make(clip_norm=0.5)
    _, _, _, norm = feed(step, [[0, 3, 4]])
    assert norm == pytest.approx(5.0)
    np.testing.assert_allclose(network.w.asnumpy(), [1, 2 - 0.1 * 0.3, 3 - 0.1 * 0.4], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_step_that_is_not_finite_leaves_the_weights(bad):
    network, step, ema = make(512.0, "dynamic", with_ema=True)
    assert not feed(step, [[1, bad, 1]])[2]
    np.testing.assert_array_equal(network.w.asnumpy(), [1, 2, 3])
    assert float(step.loss_scale.scale.asnumpy()) == 256.0
    assert float(ema.updates.asnumpy()) == 0


def test_dynamic_scale_rises_after_its_window_and_never_falls_below_one():
    _, step, _ = make(1.0, "dynamic", window=2)
    scales = []
    for x in ([np.inf] * 3, [1, 1, 1], [1, 1, 1], [1, 1, 1], [np.inf] * 3):
        feed(step, [x])
        scales.append(float(step.loss_scale.scale.asnumpy()))
    assert scales == [1, 1, 2, 2, 1]


def test_a_static_scale_stays():
    _, step, _ = make(64.0)
    feed(step, [[np.inf] * 3])
    assert float(step.loss_scale.scale.asnumpy()) == 64.0


def test_accumulated_batches_equal_one_large_batch():
    parts = [[[1, 2, 3]], [[3, 4, 5]], [[2, 0, 1]], [[4, 4, 4]]]
    whole, step, _ = make()
    feed(step, parts[0] + parts[1])
    feed(step, parts[2] + parts[3])
    split, step, _ = make(accumulation_steps=2)
    feed(step, parts[0])
    np.testing.assert_array_equal(split.w.asnumpy(), [1, 2, 3])
    for part in parts[1:]:
        feed(step, part)
    np.testing.assert_allclose(split.w.asnumpy(), whole.w.asnumpy(), rtol=1e-6)
    assert int(step.micro_step.asnumpy()) == 0


def test_one_bad_batch_drops_the_accumulated_update_and_the_next_is_clean():
    network, step, _ = make(accumulation_steps=2)
    feed(step, [[np.nan, 0, 0]])
    assert not feed(step, [[1, 1, 1]])[2]
    np.testing.assert_array_equal(network.w.asnumpy(), [1, 2, 3])
    feed(step, [[1, 1, 1]])
    assert feed(step, [[1, 1, 1]])[2]
    np.testing.assert_allclose(network.w.asnumpy(), [0.9, 1.9, 2.9], rtol=1e-6)


def test_the_moving_average_follows_the_update():
    network, step, ema = make(with_ema=True)
    feed(step, [[1, 1, 1]])
    # first update: decay min(0.5, 1 / 10) = 0.1, so the average is 0.1 * old + 0.9 * new
    np.testing.assert_allclose(ema.shadows[0].asnumpy(), [0.91, 1.91, 2.91], rtol=1e-6)
    with ema.applied():
        np.testing.assert_allclose(network.w.asnumpy(), [0.91, 1.91, 2.91], rtol=1e-6)
    np.testing.assert_allclose(network.w.asnumpy(), [0.9, 1.9, 2.9], rtol=1e-6)


def test_every_part_of_the_state_is_a_parameter():
    _, step, _ = make(512.0, "dynamic", with_ema=True, accumulation_steps=2)
    names = set(step.parameters_dict())
    assert {"w", "ema.w", "ema.updates", "loss_scale", "loss_scale_good_steps", "accumulated.w", "micro_step"} <= names


class Normalised(nn.Cell):
    """BatchNorm over (N, 1, 1, 3) as three channels, then the sum of each image."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def construct(self, image):
        return self.norm(image.reshape((-1, 3, 1, 1))).sum((1, 2, 3))


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_step_that_is_not_finite_leaves_the_batchnorm_statistics(accumulation):
    network = Normalised()
    optimizer = nn.SGD(network.trainable_params(), 0.1)
    step = TrainStep(network, Mean(), optimizer, LossScale("static", 1.0, 2.0, 2), accumulation_steps=accumulation)
    step.set_train()
    feed(step, [[1, 2, 3], [3, 4, 5]])
    before = network.norm.moving_mean.asnumpy().copy(), network.norm.moving_variance.asnumpy().copy()
    np.testing.assert_allclose(before[0], [0.2, 0.3, 0.4], rtol=1e-5)  # a tenth of the batch's mean
    finite = feed(step, [[np.inf, 2, 3], [3, 4, 5]])[2]
    assert not finite
    np.testing.assert_array_equal(network.norm.moving_mean.asnumpy(), before[0])
    np.testing.assert_array_equal(network.norm.moving_variance.asnumpy(), before[1])


def test_images_are_prepared_inside_the_step():
    network = Linear()
    optimizer = nn.SGD(network.trainable_params(), 0.1)
    step = TrainStep(network, Mean(), optimizer, LossScale("static", 1.0, 2.0, 2), prepare=Halve())
    total, *_ = step.set_train()(ms.Tensor([[2, 4, 6]], ms.uint8), ms.Tensor([0.0], ms.float32))
    assert float(total.asnumpy()) == pytest.approx(1 + 4 + 9)


class Halve(nn.Cell):
    def construct(self, image):
        return ops.cast(image, ms.float32) / 2
