"""Adan: momentum of the gradient and of its change."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.optim.rule import Parameters, Rule, scalar

_step = ops.MultitypeFuncGraph("adan_step")


@_step.register(*["Tensor"] * 11)
def _step_one(rates, powers, is_later, lr, decay, weight, moment1, change, moment2, before, gradient):
    gradient = ops.cast(gradient, weight.dtype)
    difference = (gradient - before) * is_later
    first = rates[0] * moment1 + (1.0 - rates[0]) * gradient
    moved = rates[1] * change + (1.0 - rates[1]) * difference
    second = rates[2] * moment2 + (1.0 - rates[2]) * ops.square(gradient + rates[1] * difference)
    update = first / (1.0 - powers[0]) + rates[1] * moved / (1.0 - powers[1])
    update = update / (ops.sqrt(second / (1.0 - powers[2])) + rates[3])
    ops.assign(moment1, ops.cast(first, moment1.dtype))
    ops.assign(change, ops.cast(moved, change.dtype))
    ops.assign(moment2, ops.cast(second, moment2.dtype))
    ops.assign(before, gradient)
    ops.assign(weight, ops.cast((weight - lr * update) / (1.0 + lr * decay), weight.dtype))
    return True


class Adan(Rule):
    """Adaptive Nesterov momentum (Xie et al., 2022, algorithm 1), with bias correction.

    m, n and v are moving averages of the gradient g, of its change d since the last step, and of (g + beta2 * d) ** 2.
    w <- (w - lr * (m + beta2 * n) / (sqrt(v) + eps)) / (1 + lr * weight_decay), each average divided by 1 - beta ** t.
    In the first step d = 0. The betas are the shares that the averages keep (the paper counts the others).

    Args:
        params, learning_rate, weight_decay: see :class:`Rule`.
        beta1, beta2, beta3: decay of m, n and v, in [0, 1).
        eps: added to the root of v.
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: Any,
        beta1: float = 0.98,
        beta2: float = 0.92,
        beta3: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate, weight_decay)
        self.rates = Tensor([beta1, beta2, beta3, eps], ms.float32)
        self.betas = Tensor([beta1, beta2, beta3], ms.float32)
        self.powers = ms.Parameter(Tensor([1.0, 1.0, 1.0], ms.float32), name="beta_powers")
        self.is_later = scalar("is_later", 0.0)
        self.moment1 = self.state("moment1")
        self.change = self.state("change")
        self.moment2 = self.state("moment2")
        self.before = self.state("gradient_before")

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        powers = self.powers * self.betas
        step = ops.partial(_step, self.rates, powers, self.is_later, lr)
        done = self.hyper_map(
            step, self.decays, self.parameters, self.moment1, self.change, self.moment2, self.before, gradients
        )
        ops.assign(self.powers, powers)
        later = ops.assign(self.is_later, ops.ones_like(self.is_later))
        return ops.depend(later, done)
