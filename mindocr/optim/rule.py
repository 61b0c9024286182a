"""What the optimizers that are written here share: decay factors, state and scalars for each parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mindspore as ms
from mindspore import Parameter, ParameterTuple, Tensor, nn

Parameters = Iterable[Parameter] | list[dict[str, Any]]


class Rule(nn.Optimizer):
    """Base of an optimizer whose step is a mapped function of one parameter, its decay, its state and its gradient.

    Args:
        params: parameters, or group dictionaries with ``params`` and ``weight_decay``.
        learning_rate: number or schedule.
        weight_decay: for groups without their own.

    Attributes:
        decays: weight decay of each parameter.
    """

    def __init__(self, params: Parameters, learning_rate: Any, weight_decay: float = 0.0) -> None:
        super().__init__(learning_rate, params, weight_decay)
        self.decays = self.weight_decay if self.is_group else (self.weight_decay,) * len(self.parameters)

    def state(self, prefix: str) -> ParameterTuple:
        """One value for each weight, saved with a run as ``<prefix>.<name>``; zeros at the start."""
        return self.parameters.clone(prefix=prefix, init="zeros")


def scalar(name: str, value: float) -> Parameter:
    """A float32 number that is saved with a run."""
    return Parameter(Tensor(value, ms.float32), name=name)
