"""Lion: steps of equal length for all weights."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.optim.rule import Parameters, Rule

_step = ops.MultitypeFuncGraph("lion_step")


@_step.register(*["Tensor"] * 6)
def _step_one(betas, lr, decay, weight, moment, gradient):
    gradient = ops.cast(gradient, weight.dtype)
    direction = ops.sign(betas[0] * moment + (1.0 - betas[0]) * gradient)
    ops.assign(weight, ops.cast(weight * (1.0 - lr * decay) - lr * direction, weight.dtype))
    ops.assign(moment, ops.cast(betas[1] * moment + (1.0 - betas[1]) * gradient, moment.dtype))
    return True


class Lion(Rule):
    """w <- w * (1 - lr * weight_decay) - lr * sign(beta1 * m + (1 - beta1) * g), then m <- beta2 * m + (1 - beta2) * g.

    Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2.

    Args:
        params, learning_rate, weight_decay: see :class:`Rule`.
        beta1: share of the moment in the direction, in [0, 1).
        beta2: decay of the moment, in [0, 1).
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: Any,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate, weight_decay)
        self.betas = Tensor([beta1, beta2], ms.float32)
        self.moment = self.state("moment")

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        step = ops.partial(_step, self.betas, lr)
        return self.hyper_map(step, self.decays, self.parameters, self.moment, gradients)
