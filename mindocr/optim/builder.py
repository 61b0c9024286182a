"""From the ``optimizer`` section of a configuration to an optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from mindspore import Parameter, nn

from mindocr.errors import ConfigError
from mindocr.optim.adamw import AdamW
from mindocr.optim.adan import Adan
from mindocr.optim.by_rate import ByRate
from mindocr.optim.groups import PartRates, group_parameters, rates
from mindocr.optim.lamb import Lamb
from mindocr.optim.learning_rate import ArrayLR
from mindocr.optim.lion import Lion
from mindocr.optim.nadam import NAdam
from mindocr.optim.rmsprop import RMSProp
from mindocr.registry import suggest

OPTIMIZERS = (
    "SGD", "momentum", "nesterov", "Adam", "AdamW", "NAdam", "RMSProp", "Adagrad", "Lamb", "Lion", "Adan",
)  # fmt: skip
NESTEROV = ("sgd", "momentum", "nesterov", "adam")  # rules that look ahead with nesterov: True


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
    def beta3(self) -> float: ...
    @property
    def eps(self) -> float: ...
    @property
    def schedule_decay(self) -> float: ...
    @property
    def decay(self) -> float: ...
    @property
    def centered(self) -> bool: ...
    @property
    def accum(self) -> float: ...
    @property
    def no_weight_decay_params(self) -> Sequence[str]: ...
    @property
    def parts(self) -> Sequence[PartRates]: ...


def build_optimizer(
    parameters: nn.Cell | Iterable[Parameter], section: OptimizerSection, learning_rate: np.ndarray
) -> nn.Optimizer | ByRate:
    """Build the optimizer that ``section.opt`` names, in upper or lower case.

    ``SGD`` and ``momentum`` are the same rule, v <- momentum * v + g, w <- w - lr * v; ``nesterov: True`` or the name
    ``nesterov`` selects Nesterov's variant. For these and for ``Adam``, ``NAdam``, ``RMSProp`` and ``Adagrad``, weight
    decay is an L2 term in the gradient, as in MindOCR; ``AdamW``, ``Lamb``, ``Lion`` and ``Adan`` shrink the weights.

    Args:
        parameters: a network, whose trainable parameters are taken, or the parameters. Gradients have the same order.
        section: the ``optimizer`` section.
        learning_rate: (num_steps,) one value for each optimizer step; after the end the last value is used.

    Raises:
        ConfigError: unknown name, value out of range, nothing to train, or a word of ``parts`` that no name contains.
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
    optimizers = []
    for factor, members in rates(trainable, section.parts).items():
        groups = group_parameters(
            members,
            float(section.weight_decay),
            section.filter_bias_and_bn,
            section.no_weight_decay_params,
            section.parts,
        )
        optimizers.append(_build(name, groups, ArrayLR(learning_rate * factor), section))
    return optimizers[0] if len(optimizers) == 1 else ByRate(trainable, optimizers)


def _build(name: str, groups: list[dict[str, Any]], schedule: ArrayLR, section: OptimizerSection) -> nn.Optimizer:
    moments: dict[str, Any] = {"beta1": section.beta1, "beta2": section.beta2}
    momentum, eps = float(section.momentum), section.eps
    if name == "adam":
        return nn.Adam(groups, schedule, **moments, eps=eps, use_nesterov=section.nesterov)
    if name == "adamw":
        return AdamW(groups, schedule, **moments, eps=eps)
    if name == "nadam":
        return NAdam(groups, schedule, **moments, eps=eps, schedule_decay=section.schedule_decay)
    if name == "lamb":
        return Lamb(groups, schedule, **moments, eps=eps)
    if name == "lion":
        return Lion(groups, schedule, **moments)
    if name == "adan":
        return Adan(groups, schedule, **moments, beta3=section.beta3, eps=eps)
    if name == "adagrad":
        return nn.Adagrad(groups, accum=section.accum, learning_rate=schedule)
    if name == "rmsprop":
        return RMSProp(groups, schedule, decay=section.decay, momentum=momentum, eps=eps, centered=section.centered)
    if name == "nesterov" or section.nesterov:
        if momentum == 0:
            raise ConfigError("optimizer.momentum: Nesterov's rule needs a number above 0, got 0")
        # nn.Momentum(use_nesterov=True) runs the plain rule on CPU, without a warning; nn.SGD runs the right one.
        return nn.SGD(groups, schedule, momentum=momentum, nesterov=True)
    return nn.Momentum(groups, schedule, momentum=momentum)


def _check_ranges(section: OptimizerSection) -> None:
    problems = []
    for key in ("momentum", "beta1", "beta2", "beta3", "decay"):
        value = getattr(section, key)
        if not 0 <= value < 1:
            problems.append(f"optimizer.{key}: expected a number in [0, 1), got {value}")
    if not section.weight_decay >= 0:
        problems.append(f"optimizer.weight_decay: expected a number of at least 0, got {section.weight_decay}")
    for key in ("schedule_decay", "accum"):
        if not getattr(section, key) >= 0:
            problems.append(f"optimizer.{key}: expected a number of at least 0, got {getattr(section, key)}")
    if section.nesterov and str(section.opt).lower() not in NESTEROV:
        problems.append(f"optimizer.nesterov: {section.opt} has no such variant; remove the key")
    if not section.eps > 0:
        problems.append(f"optimizer.eps: expected a number above 0, got {section.eps}")
    if problems:
        raise ConfigError("; ".join(problems))
