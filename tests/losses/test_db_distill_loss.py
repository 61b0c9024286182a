"""The distillation loss of CML: the dilated map of the teacher against OpenCV, and the loss by hand."""

from __future__ import annotations

import cv2
import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.losses.db_distill_loss import DBDistillLoss, text_of
from mindocr.losses.pairing import PairedLoss
from mindocr.registry import LOSSES


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
def test_dilation_is_that_of_opencv(mode, side):
    prob = np.random.default_rng(side).random((2, 1, 9, 12)).astype(np.float32) ** 4
    prob[1, 0, 0, :] = prob[1, 0, :, -1] = 0.9  # text on the border
    found = text_of(Tensor(prob), 0.3, side).asnumpy()
    for one, expected in zip(found, prob):
        text = (expected[0] > 0.3).astype(np.uint8)
        np.testing.assert_array_equal(one[0], cv2.dilate(text, np.ones((side, side), np.uint8)))


def a_map(rows):
    return Tensor(np.array(rows, np.float32)[None, None])


# The teacher finds one pixel; dilated it covers that pixel, the one to its right, and the two below.
TEACHER = a_map([[0.1, 0.9, 0.1], [0.3, 0.2, 0.1]])
PROB, BINARY = a_map([[0.1, 0.6, 0.5], [0.2, 0.4, 0.3]]), a_map([[0.0, 1.0, 0.5], [0.0, 0.5, 1.0]])
MASK = Tensor(np.array([[[1, 1, 1], [1, 1, 0]]], np.uint8))


def dice(values, target=(0, 1, 1, 0, 1)):
    both = sum(v * t for v, t in zip(values, target))
    return 1 - 2 * both / (sum(values) + sum(target) + 1e-6)


def test_the_loss_by_hand(mode):
    loss = PairedLoss(
        LOSSES.build({"name": "CombinedLoss", "terms": [{"loss": {"name": "DBDistillLoss"}, "networks": ["s", "t"]}]}),
        ("s.prob", "s.thresh", "s.binary", "t.prob"),
    )
    assert loss.labels == ("mask",) and loss.term_names == ("s-t.bce", "s-t.dice")
    total, terms = loss((PROB, PROB, BINARY, TEACHER), MASK)
    expected = [5 * dice((0.1, 0.6, 0.5, 0.2, 0.4)), dice((0, 1, 0.5, 0, 0.5))]
    np.testing.assert_allclose(terms.asnumpy(), expected, rtol=1e-5)
    assert float(total) == pytest.approx(sum(expected), rel=1e-5)


def test_cross_entropy_and_a_student_without_binary_map():
    loss = DBDistillLoss(bce_replace="bceloss", bce_scale=1.0, dilation=1)
    total, terms = loss(PROB, None, TEACHER, None, MASK)
    # one positive, the three hardest of four negatives
    expected = (-np.log(0.6) - np.log([1 - 0.5, 1 - 0.4, 1 - 0.2]).sum()) / 4
    assert float(total) == pytest.approx(expected, rel=1e-5) and terms.asnumpy()[1] == 0


def test_no_gradient_reaches_the_teacher(mode):
    loss = DBDistillLoss()

    def total(prob, teacher):  # graph mode compiles no lambda that is an argument
        return loss(prob, BINARY, teacher, None, MASK)[0]

    student, teacher = ms.grad(total, (0, 1))(PROB, TEACHER)
    assert student.asnumpy().any() and not teacher.asnumpy().any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"binary_thresh": 1.5}, "binary_thresh: DBDistillLoss needs a number between 0 and 1, got 1.5"),
        ({"dilation": 0}, "dilation: DBDistillLoss needs a number of pixels, at least 1, got 0"),
        ({"negative_ratio": 0.0}, "negative_ratio: DBDistillLoss needs a number above 0"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DBDistillLoss(**arguments)
