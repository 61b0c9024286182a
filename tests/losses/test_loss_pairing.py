"""A loss gets the outputs that it names, whatever their position."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.losses.pairing import ABSENT, PairedLoss, pick, positions_of


class Difference(nn.Cell):
    """mean(b - a) - mean(target), and c where there is one."""

    reads = ("b", "a", "c")
    optional = ("c",)
    labels = ("target",)
    term_names = ("difference", "extra")

    def construct(self, b, a, c, target):
        difference = b.mean() - a.mean() - target.mean()
        extra = ops.zeros_like(difference) if c is None else c.mean()
        return difference + extra, ops.stack((difference, extra))


def full(value, *shape):
    return Tensor(np.full(shape, value, np.float32))


def test_positions_follow_the_names():
    assert positions_of(("b", "a"), ("a", "x", "b")) == (2, 0)
    assert positions_of(("b", "c"), ("b",), optional=("c",)) == (0, ABSENT)
    assert pick((10, 20, 30), (2, 0, ABSENT)) == (30, 10, None)
    with pytest.raises(ConfigError, match="reads c, but the network outputs a, b in training"):
        positions_of(("a", "c"), ("a", "b"))


def test_outputs_of_different_shapes_and_an_absent_one(mode):
    loss = PairedLoss(Difference(), ("a", "unread", "b"))
    assert (loss.labels, loss.term_names) == (("target",), ("difference", "extra"))
    total, terms = loss((full(1, 2, 3), full(9, 1), full(5, 2, 1, 4, 4)), full(3, 2))
    assert float(total.asnumpy()) == 1 and terms.asnumpy().tolist() == [1, 0]
    total, terms = PairedLoss(Difference(), ("a", "b", "c"))((full(1, 2), full(5, 2), full(7, 2)), full(3, 2))
    assert float(total.asnumpy()) == 8 and terms.asnumpy().tolist() == [1, 7]


def test_one_output_needs_no_tuple(mode):
    class Mean(nn.Cell):
        reads, labels, term_names = ("a",), (), ("mean",)

        def construct(self, a):
            return a.mean(), a.mean().reshape((1,))

    total, _ = PairedLoss(Mean(), ("a",))(full(4, 2, 2))
    assert float(total.asnumpy()) == 4


def test_gradients_reach_the_outputs_that_are_read():
    loss = PairedLoss(Difference(), ("a", "unread", "b"))
    target = full(0, 2)

    def total(a, u, b):  # no lambda inside the call below: on Python 3.10 MindSpore does not find its source
        return loss((a, u, b), target)[0]

    compute = ms.value_and_grad(total, (0, 1, 2))
    _, (a, unread, b) = compute(full(1, 2, 3), full(9, 1), full(5, 4))
    np.testing.assert_allclose(a.asnumpy(), -1 / 6)
    np.testing.assert_allclose(b.asnumpy(), 1 / 4)
    assert not unread.asnumpy().any()


def test_an_output_that_the_network_does_not_give_is_named():
    with pytest.raises(ConfigError, match="loss: Difference reads b, but the network outputs a, x in training"):
        PairedLoss(Difference(), ("a", "x"))


def test_a_loss_without_declarations_is_named():
    with pytest.raises(ConfigError, match="loss: MSELoss does not declare reads, labels, term_names; add class"):
        PairedLoss(nn.MSELoss(), ("a",))
