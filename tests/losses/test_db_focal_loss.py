"""DBFocalLoss and the focal loss against values computed by hand, with and without auxiliary heads."""

from __future__ import annotations

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.losses.db_focal_loss import DBFocalLoss
from mindocr.losses.masked import focal_loss
from mindocr.losses.pairing import PairedLoss
from mindocr.models.heads.db_auxiliary_head import DBAuxiliaryHead
from mindocr.models.heads.db_head import DBHead


def a_map(*values):
    """(1, 1, 1, W)."""
    return Tensor(np.array(values, np.float32).reshape(1, 1, 1, -1))


def labels(binary_map=(1, 0), mask=(1, 1), thresh_map=(0.7, 0.3), thresh_mask=(1, 0)):
    return [a_map(*values)[:, 0] for values in (binary_map, mask, thresh_map, thresh_mask)]


# One pixel of text with P = 0.8, one of background with P = 0.4.
FOCAL = (0.25 * 0.2**2.5 * -math.log(0.8) + 0.75 * 0.4**2.5 * -math.log(0.6)) / 2
DICE = 1 - 2 * 0.8 / (0.8 + 0.4 + 1)


def test_the_focal_loss_by_hand():
    target, mask = a_map(1, 0, 0)[:, 0], a_map(1, 1, 0)[:, 0]
    value = focal_loss(a_map(0.8, 0.4, 0.9)[:, 0], target, mask)
    assert pytest.approx(0.01988, abs=1e-5) == FOCAL
    assert float(value) == pytest.approx(FOCAL, rel=1e-5)
    assert float(focal_loss(a_map(0, 1, 1)[:, 0], target, 0 * mask)) == 0


def test_certain_mistakes_have_finite_losses_and_gradients():
    def loss(prob):
        return focal_loss(prob[:, 0], a_map(1, 0, 1, 0)[:, 0], a_map(1, 1, 1, 1)[:, 0])

    value, gradient = ms.value_and_grad(loss)(a_map(0, 1, 1, 0))
    assert float(value) == pytest.approx((0.25 + 0.75) * -math.log(1e-6) / 4, rel=0.02)
    assert np.isfinite(gradient.asnumpy()).all()


def test_one_head_by_hand():
    total, terms = PairedLoss(DBFocalLoss(), DBHead.outputs)(
        (a_map(0.8, 0.4), a_map(0.5, 0.9), a_map(0.8, 0.4)), *labels()
    )
    expected = [5 * (DICE + FOCAL), 10 * 0.2, DICE + FOCAL, 0, 0, 0]
    np.testing.assert_allclose(terms.asnumpy(), expected, rtol=1e-4)
    assert float(total) == pytest.approx(sum(expected), rel=1e-4)


def test_auxiliary_heads_by_hand():
    one = (a_map(0.8, 0.4), a_map(0.5, 0.9), a_map(0.8, 0.4))
    right = (a_map(1, 0), a_map(0.7, 0.0), a_map(1, 0))  # only the threshold map of an uncounted pixel is wrong
    loss = PairedLoss(DBFocalLoss(auxiliary_weights=[1, 2, 4]), DBAuxiliaryHead.outputs)
    total, terms = loss((*right, *one, *right, *one), *labels())
    single = 6 * (DICE + FOCAL) + 2
    np.testing.assert_allclose(terms.asnumpy(), [0, 0, 0, single, 0, 4 * single], rtol=1e-4, atol=1e-4)
    assert float(total) == pytest.approx(5 * single, rel=1e-4)
    assert loss.term_names == ("prob", "l1", "binary", "p4", "p3", "p2")


def test_a_probability_map_alone():
    _, terms = PairedLoss(DBFocalLoss(), ("prob",))(a_map(0.8, 0.4), *labels())
    np.testing.assert_allclose(terms.asnumpy(), [5 * (DICE + FOCAL), 0, 0, 0, 0, 0], rtol=1e-4)


def test_float16_maps_in_a_compiled_graph():
    class Half(nn.Cell):
        def __init__(self):
            super().__init__()
            self.loss = PairedLoss(DBFocalLoss(), DBHead.outputs)

        def construct(self, outputs, *columns):
            return self.loss(outputs, *columns)

    ms.set_context(mode=ms.GRAPH_MODE)
    maps = tuple(a_map(*[value] * 300, *[0.0] * 69_700).astype(ms.float16) for value in (0.8, 0.5, 0.8))
    ones = np.ones(70_000)
    columns = labels(ones, ones, 0 * ones, ones)
    total, terms = Half().to_float(ms.float16)(maps, *columns)
    assert np.isfinite(terms.asnumpy()).all() and total.dtype == ms.float32
    assert float(terms[1]) == pytest.approx(10 * 0.5 * 300 / 70_000, rel=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prob_scale": -1}, "loss.prob_scale: DBFocalLoss needs a number of at least 0, got -1"),
        ({"auxiliary_weights": [1, 1]}, "one weight for each of p4, p3, p2, got \\[1, 1\\]"),
        ({"auxiliary_weights": [1, 1, -1]}, "loss.auxiliary_weights: .* at least 0, got -1"),
        ({"alpha": 1.0}, "loss.alpha: DBFocalLoss needs a number between 0 and 1, got 1.0"),
        ({"eps": 0}, "loss.eps: DBFocalLoss needs a number above 0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DBFocalLoss(**arguments)
