"""Which parameters get weight decay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mindspore import Parameter

UNDECAYED = ("bias", "gamma", "beta")


def group_parameters(
    parameters: Iterable[Parameter],
    weight_decay: float,
    filter_bias_and_bn: bool,
    no_weight_decay_params: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Split parameters into groups for a MindSpore optimizer, which then keeps their order.

    Args:
        parameters: trainable parameters.
        weight_decay: factor of the decayed group.
        filter_bias_and_bn: True = biases and the gamma and beta of normalisation layers get no decay; False = all are
            decayed. The groups are always explicit: without groups, MindSpore does not decay parameters with ``beta``
            or ``gamma`` in their names (so MindOCR's recipes with False do not decay them; ours do).

        no_weight_decay_params: parts of names; a parameter whose name contains one of them gets no decay either.

    Returns:
        Group dictionaries with ``params`` and ``weight_decay``, then one with ``order_params``.
    """
    parameters = list(parameters)

    def is_spared(name: str) -> bool:
        by_kind = filter_bias_and_bn and name.rsplit(".", 1)[-1] in UNDECAYED
        return by_kind or any(part in name for part in no_weight_decay_params)

    undecayed = [p for p in parameters if is_spared(p.name)]
    decayed = [p for p in parameters if not is_spared(p.name)]
    groups: list[dict[str, Any]] = []
    if decayed:
        groups.append({"params": decayed, "weight_decay": weight_decay})
    if undecayed:
        groups.append({"params": undecayed, "weight_decay": 0.0})
    return [*groups, {"order_params": parameters}]
