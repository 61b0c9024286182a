"""From the ``optimizer`` section of a configuration to an optimizer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from mindspore import Parameter, nn

from mindocr.errors import ConfigError
from mindocr.optim.adamw import AdamW
from mindocr.optim.groups import group_parameters
from mindocr.optim.learning_rate import ArrayLR
from mindocr.registry import suggest

OPTIMIZERS = ("SGD", "momentum", "nesterov", "Adam", "AdamW")


class OptimizerSection(Protocol):
    """The keys of the ``optimizer`` section that are read."""

    @property
    def opt(self) -> str: ...
    @property
    def momentum(self) -> float: ...
    @property
    def nesterov(self) -> bool: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def filter_bias_and_bn(self) -> bool: ...
    @property
    def beta1(self) -> float: ...
    @property
    def beta2(self) -> float: ...
    @property
    def eps(self) -> float: ...


def build_optimizer(
    parameters: nn.Cell | Iterable[Parameter], section: OptimizerSection, learning_rate: np.ndarray
) -> nn.Optimizer:
    """Build the optimizer that ``section.opt`` names, in upper or lower case.

    ``SGD`` and ``momentum`` are the same rule, v <- momentum * v + g, w <- w - lr * v; ``nesterov: True`` or the name
    ``nesterov`` selects Nesterov's variant. For these and ``Adam``, weight decay is an L2 term in the gradient, as in
    MindOCR; ``AdamW`` shrinks the weights directly.

    Args:
        parameters: a network, whose trainable parameters are taken, or the parameters. Gradients have the same order.
        section: the ``optimizer`` section.
        learning_rate: (num_steps,) one value for each optimizer step; after the end the last value is used.

    Raises:
        ConfigError: unknown name, value out of range, or nothing to train.
    """
    name = str(section.opt).lower()
    known = {o.lower(): o for o in OPTIMIZERS}
    if name not in known:
        raise ConfigError(
            f"optimizer.opt: unknown optimizer '{section.opt}'{suggest(name, known)}; known: {', '.join(OPTIMIZERS)}"
        )
    _check_ranges(section)
    trainable = parameters.trainable_params() if isinstance(parameters, nn.Cell) else list(parameters)
    if not trainable:
        raise ConfigError("optimizer: the model has no trainable parameter; freeze fewer of its parts")
    if np.ndim(learning_rate) != 1 or len(learning_rate) == 0:
        raise ConfigError(
            f"scheduler: expected one learning rate for each step, got an array of shape {np.shape(learning_rate)}"
        )
    groups = group_parameters(trainable, float(section.weight_decay), section.filter_bias_and_bn)
    schedule = ArrayLR(learning_rate)
    if name == "adam":
        return nn.Adam(groups, schedule, beta1=section.beta1, beta2=section.beta2, eps=section.eps)
    if name == "adamw":
        return AdamW(groups, schedule, beta1=section.beta1, beta2=section.beta2, eps=section.eps)
    momentum = float(section.momentum)
    if name == "nesterov" or section.nesterov:
        if momentum == 0:
            raise ConfigError("optimizer.momentum: Nesterov's rule needs a number above 0, got 0")
        # nn.Momentum(use_nesterov=True) runs the plain rule on CPU, without a warning; nn.SGD runs the right one.
        return nn.SGD(groups, schedule, momentum=momentum, nesterov=True)
    return nn.Momentum(groups, schedule, momentum=momentum)


def _check_ranges(section: OptimizerSection) -> None:
    problems = []
    for key in ("momentum", "beta1", "beta2"):
        value = getattr(section, key)
        if not 0 <= value < 1:
            problems.append(f"optimizer.{key}: expected a number in [0, 1), got {value}")
    if not section.weight_decay >= 0:
        problems.append(f"optimizer.weight_decay: expected a number of at least 0, got {section.weight_decay}")
    if not section.eps > 0:
        problems.append(f"optimizer.eps: expected a number above 0, got {section.eps}")
    if problems:
        raise ConfigError("; ".join(problems))
