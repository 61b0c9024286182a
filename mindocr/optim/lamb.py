"""LAMB: Adam whose steps are as long as the weights allow."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.optim.rule import Parameters, Rule, scalar

_step = ops.MultitypeFuncGraph("lamb_step")


@_step.register(*["Tensor"] * 9)
def _step_one(rates, unbiased1, unbiased2, lr, decay, weight, moment1, moment2, gradient):
    gradient = ops.cast(gradient, weight.dtype)
    first = rates[0] * moment1 + (1.0 - rates[0]) * gradient
    second = rates[1] * moment2 + (1.0 - rates[1]) * ops.square(gradient)
    update = first * unbiased1 / (ops.sqrt(second * unbiased2) + rates[2]) + decay * weight
    size = ops.sqrt(ops.square(ops.cast(weight, ms.float32)).sum())
    length = ops.sqrt(ops.square(ops.cast(update, ms.float32)).sum())
    usable = ops.logical_and(size > 0.0, length > 0.0)
    trust = ops.select(usable, size / ops.select(usable, length, ops.ones_like(length)), ops.ones_like(size))
    ops.assign(moment1, ops.cast(first, moment1.dtype))
    ops.assign(moment2, ops.cast(second, moment2.dtype))
    ops.assign(weight, ops.cast(weight - lr * trust * update, weight.dtype))
    return True


class Lamb(Rule):
    """Adam with decoupled weight decay, each layer's step scaled to the norm of its weights (You et al., ICLR 2020).

    r = m / (sqrt(v) + eps) + weight_decay * w, with bias correction, and w <- w - lr * ||w|| / ||r|| * r. The ratio is
    1 where a norm is 0. MindSpore's own rule has no kernel for CPU.

    Args:
        params, learning_rate, weight_decay: see :class:`Rule`.
        beta1, beta2: decay of the first and second moment, in [0, 1).
        eps: added to the root of the second moment.
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: Any,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate, weight_decay)
        self.rates = Tensor([beta1, beta2, eps], ms.float32)
        self.beta1 = beta1
        self.beta2 = beta2
        self.beta1_power = scalar("beta1_power", 1.0)
        self.beta2_power = scalar("beta2_power", 1.0)
        self.moment1 = self.state("moment1")
        self.moment2 = self.state("moment2")

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        power1, power2 = self.beta1_power * self.beta1, self.beta2_power * self.beta2
        step = ops.partial(_step, self.rates, 1.0 / (1.0 - power1), 1.0 / (1.0 - power2), lr)
        done = self.hyper_map(step, self.decays, self.parameters, self.moment1, self.moment2, gradients)
        ops.assign(self.beta1_power, power1)
        ops.assign(self.beta2_power, power2)
        return done
