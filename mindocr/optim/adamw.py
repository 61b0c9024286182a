"""Adam with decoupled weight decay."""

from collections.abc import Iterable
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

_adamw_step = ops.MultitypeFuncGraph("adamw_step")


@_adamw_step.register("Function", *["Tensor"] * 9)
def _step_one(adam, beta1_power, beta2_power, rates, lr, decay, weight, moment1, moment2, gradient):
    ops.assign(weight, weight * ops.cast(1.0 - lr * decay, weight.dtype))
    gradient = ops.cast(gradient, weight.dtype)
    adam(weight, moment1, moment2, beta1_power, beta2_power, lr, rates[0], rates[1], rates[2], gradient)
    return True


class AdamW(nn.Optimizer):
    """w <- w * (1 - lr * weight_decay), then a step of Adam with bias correction (Loshchilov and Hutter, ICLR 2019).

    MindSpore's ``AdamWeightDecay`` leaves the bias correction out, so its first steps are several times too large.

    Args:
        params: parameters, or group dictionaries with ``params`` and ``weight_decay``.
        learning_rate: number or schedule.
        beta1, beta2: decay of the first and second moment, in [0, 1).
        eps: added to the root of the second moment.
        weight_decay: for groups without their own.
    """

    def __init__(
        self,
        params: Iterable[Parameter] | list[dict[str, Any]],
        learning_rate: Any,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, params, weight_decay)
        self.rates = Tensor([beta1, beta2, eps], ms.float32)
        self.beta1 = beta1
        self.beta2 = beta2
        self.beta1_power = Parameter(Tensor(1.0, ms.float32), name="beta1_power")
        self.beta2_power = Parameter(Tensor(1.0, ms.float32), name="beta2_power")
        self.moment1 = self.parameters.clone(prefix="moment1", init="zeros")
        self.moment2 = self.parameters.clone(prefix="moment2", init="zeros")
        self.decays = self.weight_decay if self.is_group else (self.weight_decay,) * len(self.parameters)
        self.adam = ops.Adam()

    @ms.jit
    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        lr = self.get_lr()
        ops.assign_add(self.global_step, self.global_step_increase_tensor)
        ops.assign(self.beta1_power, self.beta1_power * self.beta1)
        ops.assign(self.beta2_power, self.beta2_power * self.beta2)
        step = ops.partial(_adamw_step, self.adam, self.beta1_power, self.beta2_power, self.rates, lr)
        return self.hyper_map(step, self.decays, self.parameters, self.moment1, self.moment2, gradients)
