"""CTPN's loss against NumPy, its values by hand, and batches without text."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.losses.ctpn_loss import CTPNLoss
from mindocr.losses.pairing import PairedLoss

K, H, W = 3, 2, 4
A = H * W * K


def batch(seed=0, n=2, coordinates=4):
    rng = np.random.default_rng(seed)
    outputs = [rng.normal(size=(n, c * K, H, W)).astype(np.float32) for c in (2, coordinates, 1)]
    classes = rng.integers(-1, 2, (n, A)).astype(np.int8)
    masks = [rng.integers(0, 2, (n, A)).astype(np.uint8) for _ in range(2)]
    targets = rng.normal(size=(n, A, 4)).astype(np.float32)
    sides = rng.normal(size=(n, A)).astype(np.float32)
    return outputs, [classes, targets, masks[0], sides, masks[1]]


def by_numpy(outputs, labels, divisor, scales=(1.0, 3.0, 2.0)):
    """The three weighted terms, anchor by anchor."""
    (logits, deltas, offsets), (classes, targets, box_mask, sides, side_mask) = outputs, labels
    n, per_box = len(logits), deltas.shape[1] // K
    sums, counts = np.zeros(3), np.zeros(3)
    for image in range(n):
        for row in range(H):
            for column in range(W):
                for a in range(K):
                    i = (row * W + column) * K + a
                    here = (image, slice(None), row, column)
                    if classes[image, i] >= 0:
                        pair = logits[here][2 * a : 2 * a + 2].astype(np.float64)
                        sums[0] += np.log(np.exp(pair).sum()) - pair[classes[image, i]]
                        counts[0] += 1
                    wanted = targets[image, i] if per_box == 4 else targets[image, i, 1::2]
                    got = deltas[here][per_box * a : per_box * (a + 1)]
                    sums[1] += box_mask[image, i] * smooth(got - wanted).sum()
                    counts[1] += box_mask[image, i]
                    sums[2] += side_mask[image, i] * smooth(offsets[here][a] - sides[image, i])
                    counts[2] += side_mask[image, i]
    return sums / (divisor * n if divisor else np.maximum(counts, 1)) * scales


def smooth(difference):
    size = np.abs(difference).astype(np.float64)
    return np.where(size < 1 / 9, 0.5 * size**2 * 9, size - 0.5 / 9)


@pytest.mark.parametrize("divisor", [512, None])
@pytest.mark.parametrize("coordinates", [2, 4])
def test_it_is_that_of_numpy(divisor, coordinates):
    outputs, labels = batch(coordinates=coordinates)
    expected = by_numpy(outputs, labels, divisor)
    tensors = [Tensor(each) for each in (*outputs, *labels)]
    total, terms = CTPNLoss(side_scale=2.0, divisor=divisor)(*tensors)
    assert np.allclose(terms.asnumpy(), expected, rtol=1e-5) and float(total) == pytest.approx(expected.sum(), rel=1e-5)
    total, terms = CTPNLoss(divisor=divisor)(*tensors[:2], *tensors[3:6])
    assert np.allclose(terms.asnumpy(), expected[:2], rtol=1e-5)


def test_it_compiles_and_has_the_gradient_of_numpy(mode):
    outputs, labels = batch(1, n=1, coordinates=2)
    loss = PairedLoss(CTPNLoss(side_scale=2.0, divisor=None), ("text_logits", "box_deltas", "side_offsets"))
    rest = [Tensor(each) for each in labels]

    def forward(x):
        return loss((x, Tensor(outputs[1]), Tensor(outputs[2])), *rest)[0]

    gradient = ms.value_and_grad(forward)(Tensor(outputs[0]))[1].asnumpy()
    moved = outputs[0].copy()
    moved[0, 3, 1, 2] += 1e-3
    terms = [by_numpy((logits, *outputs[1:]), labels, None).sum() for logits in (outputs[0], moved)]
    assert gradient[0, 3, 1, 2] == pytest.approx((terms[1] - terms[0]) / 1e-3, abs=1e-4)


@pytest.mark.parametrize(("difference", "value"), [(0.05, 0.01125), (1 / 9, 0.055556), (0.5, 0.444444)])
def test_values_of_the_smooth_l1_loss(difference, value):
    (logits, deltas, _), labels = batch(n=1)
    labels[2][:] = 0
    labels[2][0, 0] = 1
    labels[1][0, 0] = deltas[0, :4, 0, 0]
    labels[1][0, 0, 1] += difference
    total = CTPNLoss(text_scale=0, box_scale=1, divisor=None)(*map(Tensor, (logits, deltas, *labels[:3])))[0]
    assert float(total) == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize("divisor", [512, None])
def test_without_text_only_the_classes_count(divisor):
    outputs, labels = batch()
    labels[0][labels[0] == 1] = 0
    labels[2][:] = labels[4][:] = 0
    terms = CTPNLoss(side_scale=2.0, divisor=divisor)(*map(Tensor, (*outputs, *labels)))[1].asnumpy()
    assert terms[0] > 0 and terms[1:].tolist() == [0, 0]


def test_large_logits_give_finite_losses():
    outputs, labels = batch()
    outputs[0] *= 1e4
    terms = CTPNLoss()(*map(Tensor, (*outputs[:2], *labels[:3])))[1].asnumpy()
    assert np.isfinite(terms).all()


def test_names_depend_on_the_sides():
    assert CTPNLoss().labels == ("anchor_classes", "box_targets", "box_mask")
    sided = CTPNLoss(side_scale=2.0)
    assert sided.reads[-1] == "side_offsets" and sided.labels[-2:] == ("side_targets", "side_mask")
    assert sided.term_names == ("text", "box", "side")
    with pytest.raises(ConfigError, match="reads side_offsets, but the network outputs"):
        PairedLoss(sided, ("text_logits", "box_deltas"))


@pytest.mark.parametrize(("arguments", "key"), [({"box_scale": -1.0}, "box_scale"), ({"divisor": 0}, "divisor")])
def test_arguments_out_of_range(arguments, key):
    with pytest.raises(ConfigError, match=f"loss.{key}: CTPNLoss needs a number of at least"):
        CTPNLoss(**arguments)
