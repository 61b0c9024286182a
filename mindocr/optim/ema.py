"""Exponential moving average of a network's weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import mindspore as ms
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.network import frozen_parameters

_approach = ops.MultitypeFuncGraph("approach_weight")


@_approach.register("Tensor", "Tensor", "Tensor")
def _approach_one(share, shadow, weight):
    return ops.assign_add(shadow, (weight - shadow) * share)


class EMA(nn.Cell):
    """Shadow weights: shadow <- d * shadow + (1 - d) * weight.

    At update t = 0, 1, ... d = min(decay, (1 + t) / (10 + t)), so that the first weights are soon forgotten.
    Calling the cell makes one update; it works inside a compiled training step, after the optimizer. The shadows
    cover every parameter of the networks that are trained, the running statistics of BatchNorm included, and are named
    ``ema.<name>``.

    Args:
        network: the network that is trained.
        decay: limit of d, in [0, 1).

    Raises:
        ConfigError: ``decay`` is out of its range.
    """

    def __init__(self, network: nn.Cell, decay: float = 0.9999) -> None:
        super().__init__(auto_prefix=False)
        if not 0 <= decay < 1:
            raise ConfigError(f"train.ema_decay: expected a number in [0, 1), got {decay}")
        self.decay = float(decay)
        frozen = {id(parameter) for parameter in frozen_parameters(network)}
        self.weights = ParameterTuple([p for p in network.get_parameters() if id(p) not in frozen])
        self.shadows = self.weights.clone(prefix="ema", init="same")
        for shadow in self.shadows:
            shadow.requires_grad = False
        self.updates = Parameter(Tensor(0.0, ms.float32), name="ema.updates", requires_grad=False)
        # Not a loop: a compiled loop becomes nested calls, too deep for a network of many layers.
        self.for_each = ops.HyperMap()

    def construct(self) -> Tensor:
        decay = ops.clamp((1.0 + self.updates) / (10.0 + self.updates), None, self.decay)
        moved = self.for_each(ops.partial(_approach, 1.0 - decay), self.shadows, self.weights)
        return ops.depend(ops.assign_add(self.updates, ops.ones_like(self.updates)), moved)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the network holds the shadow weights; afterwards its own, also when the block raises."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def swap(self) -> None:
        """Exchange the network's weights and the shadows."""
        for weight, shadow in zip(self.weights, self.shadows):
            own = Tensor(weight.asnumpy().copy())
            # In place: after set_data an optimizer compiled earlier (PyNative) still updates the old memory.
            ops.assign(weight, Tensor(shadow.asnumpy().copy()))
            ops.assign(shadow, own)
