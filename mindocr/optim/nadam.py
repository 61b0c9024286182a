"""Adam with Nesterov momentum."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.optim.rule import Parameters, Rule, scalar

_step = ops.MultitypeFuncGraph("nadam_step")


@_step.register(*["Tensor"] * 10)
def _step_one(rates, share, ahead, unbiased, lr, decay, weight, moment1, moment2, gradient):
    gradient = ops.cast(gradient, weight.dtype) + decay * weight
    first = rates[0] * moment1 + (1.0 - rates[0]) * gradient
    second = rates[1] * moment2 + (1.0 - rates[1]) * ops.square(gradient)
    update = (share * gradient + ahead * first) / (ops.sqrt(second * unbiased) + rates[2])
    ops.assign(moment1, ops.cast(first, moment1.dtype))
    ops.assign(moment2, ops.cast(second, moment2.dtype))
    ops.assign(weight, ops.cast(weight - lr * update, weight.dtype))
    return True


class NAdam(Rule):
    """Adam that looks ahead: the momentum of the next step is applied in this one (Dozat, ICLR workshop 2016).

    The momentum of step t = 1, 2, ... is mu_t = beta1 * (1 - 0.96 ** (t * schedule_decay) / 2). The update is
    ((1 - mu_t) * g / (1 - mu_1 ... mu_t) + mu_(t+1) * m / (1 - mu_1 ... mu_(t+1))) / (sqrt(v / (1 - beta2 ** t)) +
    eps). Weight decay is an L2 term in the gradient g.

    Args:
        params, learning_rate, weight_decay: see :class:`Rule`.
        beta1, beta2: decay of the first and second moment, in [0, 1).
        eps: added to the root of the second moment.
        schedule_decay: how fast mu_t rises to beta1, from 0.
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: Any,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        schedule_decay: float = 0.004,
    ) -> None:
        super().__init__(params, learning_rate, weight_decay)
        self.rates = Tensor([beta1, beta2, eps], ms.float32)
        self.beta1 = beta1
        self.beta2 = beta2
        self.shrink = 0.96**schedule_decay
        self.shrink_power = scalar("momentum_shrink_power", 1.0)  # 0.96 ** (t * schedule_decay)
        self.momentum_product = scalar("momentum_product", 1.0)  # mu_1 ... mu_t
        self.beta2_power = scalar("beta2_power", 1.0)
        self.moment1 = self.state("moment1")
        self.moment2 = self.state("moment2")

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        power = self.shrink_power * self.shrink
        now = self.beta1 * (1.0 - 0.5 * power)
        after = self.beta1 * (1.0 - 0.5 * power * self.shrink)
        product = self.momentum_product * now
        beta2_power = self.beta2_power * self.beta2
        step = ops.partial(
            _step,
            self.rates,
            (1.0 - now) / (1.0 - product),
            after / (1.0 - product * after),
            1.0 / (1.0 - beta2_power),
            lr,
        )
        done = self.hyper_map(step, self.decays, self.parameters, self.moment1, self.moment2, gradients)
        ops.assign(self.shrink_power, power)
        ops.assign(self.momentum_product, product)
        ops.assign(self.beta2_power, beta2_power)
        return done
