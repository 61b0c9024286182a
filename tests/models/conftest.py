"""What every part of a network must be able to do, as fixtures that do it."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn


@pytest.fixture(autouse=True)
def graph_mode():
    ms.set_context(mode=ms.GRAPH_MODE)


class _Loss(nn.Cell):
    """Mean square of all outputs of a network."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def construct(self, *inputs):
        outputs = self.net(*inputs)
        if not isinstance(outputs, tuple):
            outputs = (outputs,)
        total = 0.0
        for output in outputs:
            total = total + (output**2).mean()
        return total


def _arrays(outputs):
    return [o.asnumpy() for o in (outputs if isinstance(outputs, (tuple, list)) else (outputs,))]


@pytest.fixture
def gradient_step():
    """Takes one small step downhill; returns (loss before, loss after, names of parameters without a gradient)."""

    def step(net, *inputs, rate=1e-3):
        net.set_train(True)
        parameters = net.trainable_params()
        loss, gradients = ms.value_and_grad(_Loss(net), None, parameters)(*inputs)
        gradients = [g.asnumpy() for g in gradients]
        assert all(np.isfinite(g).all() for g in gradients)
        norm = np.sqrt(sum(float((g**2).sum()) for g in gradients))
        for parameter, gradient in zip(parameters, gradients):
            parameter.set_data(Tensor(parameter.asnumpy() - rate / norm * gradient))
        after = _Loss(net)(*inputs)
        dead = [p.name for p, g in zip(parameters, gradients) if not g.any()]
        return float(loss.asnumpy()), float(after.asnumpy()), dead

    return step


@pytest.fixture
def reload_difference(tmp_path):
    """Exports to MindIR for the given input shape (None: any), loads it and returns the largest deviation on inputs."""

    def difference(net, shape, *inputs):
        net.set_train(False)
        ms.export(net, Tensor(shape=shape, dtype=ms.float32), file_name=str(tmp_path / "net"), file_format="MINDIR")
        loaded = nn.GraphCell(ms.load(str(tmp_path / "net.mindir")))
        return max(
            float(np.abs(ours - theirs).max())
            for x in inputs
            for ours, theirs in zip(_arrays(net(x)), _arrays(loaded(x)))
        )

    return difference


@pytest.fixture
def image():
    """Makes a random network input (n, 3, h, w) float32."""

    def make(n, h, w):
        return Tensor(np.random.default_rng(h * w + n).standard_normal((n, 3, h, w)).astype(np.float32))

    return make
