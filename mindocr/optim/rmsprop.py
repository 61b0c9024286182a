"""RMSProp with momentum."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.optim.rule import Parameters, Rule

_step = ops.MultitypeFuncGraph("rmsprop_step")


@_step.register(*["Tensor"] * 8)
def _step_one(rates, lr, decay, weight, square, mean, moved, gradient):
    gradient = ops.cast(gradient, weight.dtype) + decay * weight
    second = rates[0] * square + (1.0 - rates[0]) * ops.square(gradient)
    first = rates[0] * mean + (1.0 - rates[0]) * gradient
    spread = second - rates[3] * ops.square(first)
    step = rates[1] * moved + lr * gradient / ops.sqrt(spread + rates[2])
    ops.assign(square, ops.cast(second, square.dtype))
    ops.assign(mean, ops.cast(first, mean.dtype))
    ops.assign(moved, ops.cast(step, moved.dtype))
    ops.assign(weight, ops.cast(weight - step, weight.dtype))
    return True


class RMSProp(Rule):
    """s <- decay * s + (1 - decay) * g ** 2, v <- momentum * v + lr * g / sqrt(s + eps), w <- w - v.

    s starts at 1, as in MindSpore, whose own rule rounds differently from run to run on CPU, so that a resumed run
    would not repeat exactly. Weight decay is an L2 term in the gradient g.

    Args:
        params, learning_rate, weight_decay: see :class:`Rule`.
        decay: share of s that is kept, in [0, 1).
        momentum: share of v that is kept, in [0, 1).
        eps: added below the root.
        centered: divide by the standard deviation of g: s - m ** 2 in place of s, m being the moving average of g.
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: Any,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1e-10,
        centered: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate, weight_decay)
        self.rates = Tensor([decay, momentum, eps, float(centered)], ms.float32)
        self.square = self.parameters.clone(prefix="mean_square", init="ones")
        self.mean = self.state("mean_gradient")
        self.moved = self.state("moment")

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        step = ops.partial(_step, self.rates, lr)
        return self.hyper_map(step, self.decays, self.parameters, self.square, self.mean, self.moved, gradients)
