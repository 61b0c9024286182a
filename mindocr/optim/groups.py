"""Which parameters get weight decay, and which get other rates than the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from mindspore import Parameter

from mindocr.errors import ConfigError
from mindocr.registry import suggest

UNDECAYED = ("bias", "gamma", "beta")
# The bounds that cut inputs in quantisation-aware training (PACT) must shrink, whatever the rest does
OWN_DECAY = {"clip": 2e-5}


class PartRates(Protocol):
    """Rates of some of the parameters; an entry of ``optimizer.parts``."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def lr_factor(self) -> float: ...
    @property
    def weight_decay(self) -> float | None: ...


def group_parameters(
    parameters: Iterable[Parameter],
    weight_decay: float,
    filter_bias_and_bn: bool,
    no_weight_decay_params: Sequence[str] = (),
    parts: Sequence[PartRates] = (),
) -> list[dict[str, Any]]:
    """Split parameters into groups for a MindSpore optimizer, which then keeps their order.

    Args:
        parameters: trainable parameters.
        weight_decay: factor of the decayed group.
        filter_bias_and_bn: True = biases and the gamma and beta of normalisation layers get no decay; False = all are
            decayed. The groups are always explicit: without groups, MindSpore does not decay parameters with ``beta``
            or ``gamma`` in their names (so MindOCR's recipes with False do not decay them; ours do).
        no_weight_decay_params: parts of names; a parameter whose name contains one of them gets no decay either.
        parts: other weight decays for parameters whose names contain one of ``names``. If several entries match a
            parameter, the last counts. Parameters without decay keep none; those of ``OWN_DECAY`` keep theirs.

    Returns:
        Group dictionaries with ``params`` and ``weight_decay``, then one with ``order_params``.
    """
    parameters = list(parameters)

    def is_spared(name: str) -> bool:
        by_kind = filter_bias_and_bn and name.rsplit(".", 1)[-1] in UNDECAYED
        return by_kind or any(part in name for part in no_weight_decay_params)

    members: dict[tuple[bool, float], list[Parameter]] = {}
    for parameter in parameters:
        decay = weight_decay
        for part in parts:
            if part.weight_decay is not None and _matches(part, parameter):
                decay = float(part.weight_decay)
        spared = is_spared(parameter.name)
        decay = OWN_DECAY.get(parameter.name.rsplit(".", 1)[-1], decay)
        members.setdefault((spared, 0.0 if spared else decay), []).append(parameter)
    groups: list[dict[str, Any]] = [{"params": members[key], "weight_decay": key[1]} for key in sorted(members)]
    return [*groups, {"order_params": parameters}]


def rates(parameters: Iterable[Parameter], parts: Sequence[PartRates]) -> dict[float, list[Parameter]]:
    """The parameters by the factor of their learning rate, the largest first; where several parts match, it is the
    product of their factors.

    Raises:
        ConfigError: no parameter's name contains a word of ``parts``.
    """
    parameters = list(parameters)
    _check_words(parts, [p.name for p in parameters])
    found: dict[float, list[Parameter]] = {}
    for parameter in parameters:
        factor = math.prod(part.lr_factor for part in parts if _matches(part, parameter))
        found.setdefault(round(factor, 12), []).append(parameter)
    return {factor: found[factor] for factor in sorted(found, reverse=True)}


def _matches(part: PartRates, parameter: Parameter) -> bool:
    return any(word in parameter.name for word in part.names)


def _check_words(parts: Sequence[PartRates], names: Sequence[str]) -> None:
    problems = []
    for i, part in enumerate(parts):
        for word in part.names:
            if not any(word in name for name in names):
                hint = suggest(word, names) or f"; the first is {names[0]}"
                problems.append(f"optimizer.parts[{i}].names: no trainable parameter's name contains '{word}'{hint}")
    if problems:
        raise ConfigError("; ".join(problems))
