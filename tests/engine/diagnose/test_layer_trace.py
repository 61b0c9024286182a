"""A step examined layer by layer: activations, gradients and loss terms, with hand-computed numbers."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn, ops

from mindocr.engine.diagnose.failed_step import layer_trace


class Scale(nn.Cell):
    """image * w, one weight."""

    def __init__(self, w):
        super().__init__()
        self.w = ms.Parameter(ms.Tensor([w], ms.float32), name="w")

    def construct(self, x):
        return x * self.w


class Network(nn.Cell):
    """Two scalings, then BatchNorm of the only channel."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.norm = Scale(2.0), Scale(3.0), nn.BatchNorm2d(1)

    def construct(self, x):
        return self.norm(self.second(self.first(x)))


class Sum(nn.Cell):
    """Sum of output * label, and twice that, as terms."""

    labels = ("target",)
    term_names = ("one", "two")

    def construct(self, output, target):
        total = (output * target).sum()
        return total, ops.stack((total, 2 * total))


@pytest.fixture
def network():
    return Network().set_train(True)


def images(*values):
    return np.array(values, np.float32).reshape(-1, 1, 1, 1) * np.ones((1, 1, 2, 2), np.float32)


def test_the_first_layer_that_overflows_and_its_image_are_found(network):
    with layer_trace.at_rest(network):
        _, seen = layer_trace.trace(network, images(1.0, 1e38, -2.0))
    assert [a.layer for a in seen] == ["first", "second", "norm"]
    assert seen[0].finite.all() and seen[0].largest == pytest.approx([2, 2e38, 4])
    assert seen[1].finite.tolist() == [True, False, True] and seen[1].largest[2] == pytest.approx(12)
    assert not seen[2].finite.any()  # the statistics of the batch are not finite


def test_gradients_are_those_of_the_loss_whatever_the_scale():
    network = nn.SequentialCell(Scale(2.0), Scale(3.0))
    x, label = images(1.0, 5.0), images(1.0, 10.0)
    for scale in (1.0, 1024.0):
        with layer_trace.at_rest(network):
            found = layer_trace.gradients(network, Sum(), network.trainable_params(), x, [label], scale)
        # sum over 4 pixels of x * label = 4 * (1 + 50) = 204, times the other weight
        assert list(found.norms.values()) == pytest.approx([3 * 204, 2 * 204])
        assert found.total == pytest.approx(6 * 204) and found.terms == pytest.approx([6 * 204, 12 * 204])
        assert found.norm == pytest.approx(204 * np.hypot(2, 3))
        assert found.overflown == []


def test_the_parts_of_the_images_add_up_to_the_gradient():
    network = nn.SequentialCell(Scale(2.0))
    x, label = images(1.0, 5.0), images(1.0, 10.0)
    with layer_trace.at_rest(network):
        parts = [
            layer_trace.gradients(network, Sum(), network.trainable_params(), x, [label], only=i).norm for i in range(2)
        ]
    assert parts == pytest.approx([4, 200])


def test_terms_of_each_image_by_itself():
    x, label = images(1.0, np.inf, 3.0), images(1.0, 1.0, 1.0)
    terms = layer_trace.terms_by_image(Sum(), ms.Tensor(x), [label])
    np.testing.assert_allclose(terms, [[4, 8], [np.inf, np.inf], [12, 24]])


@pytest.mark.parametrize("before", [ms.GRAPH_MODE, ms.PYNATIVE_MODE])
def test_mode_statistics_and_hooks_are_as_before(network, before):
    ms.set_context(mode=before)
    with pytest.raises(ZeroDivisionError), layer_trace.at_rest(network):
        layer_trace.trace(network, images(1.0, np.inf))
        assert not np.isfinite(network.norm.moving_mean.asnumpy()).all()
        raise ZeroDivisionError
    assert ms.get_context("mode") == before
    assert network.norm.moving_mean.asnumpy() == 0 and network.norm.moving_variance.asnumpy() == 1
    assert not any(cell._forward_hook for _, cell in network.cells_and_names())


def test_inputs_that_are_not_finite_are_named():
    columns = {"image": images(1, np.nan, 3), "mask": images(1, 1, 1), "kind": np.zeros((3, 2), np.uint8)}
    assert layer_trace.not_finite(columns) == {"image": [1]}


class Reading(nn.Cell):
    """image * w * label: the network itself takes a label column."""

    def __init__(self):
        super().__init__()
        self.scale = Scale(2.0)

    def construct(self, x, label):
        return self.scale(x) * label


def test_label_columns_that_the_network_takes_are_passed_on():
    network, image = Reading().set_train(True), images(1.0, 3.0)
    label, target = np.array([5.0, 7.0], np.float32).reshape(2, 1, 1, 1), np.ones((2, 1, 2, 2), np.float32)
    with layer_trace.at_rest(network):
        output, seen = layer_trace.trace(network, image, [label])
        found = layer_trace.gradients(network, Sum(), network.trainable_params(), image, [target], read=[label])
    assert seen[0].layer == "scale" and output.asnumpy()[:, 0, 0, 0].tolist() == [10, 42]
    assert found.total == 4 * (10 + 42) and found.norms["scale.w"] == pytest.approx(4 * (5 + 21))
