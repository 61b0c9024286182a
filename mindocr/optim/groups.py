"""Which parameters get weight decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mindspore import Parameter

UNDECAYED = ("bias", "gamma", "beta")


def group_parameters(
    parameters: Iterable[Parameter], weight_decay: float, filter_bias_and_bn: bool
) -> list[dict[str, Any]]:
    """Split parameters into groups for a MindSpore optimizer, which then keeps their order.

    Args:
        parameters: trainable parameters.
        weight_decay: factor of the decayed group.
        filter_bias_and_bn: True = biases and the gamma and beta of normalisation layers get no decay; False = all are
            decayed. The groups are always explicit: without groups, MindSpore does not decay parameters with ``beta``
            or ``gamma`` in their names (so MindOCR's recipes with False do not decay them; ours do).

    Returns:
        Group dictionaries with ``params`` and ``weight_decay``, then one with ``order_params``.
    """
    parameters = list(parameters)
    undecayed = [p for p in parameters if filter_bias_and_bn and p.name.rsplit(".", 1)[-1] in UNDECAYED]
    undecayed_names = {p.name for p in undecayed}
    decayed = [p for p in parameters if p.name not in undecayed_names]
    groups: list[dict[str, Any]] = []
    if decayed:
        groups.append({"params": decayed, "weight_decay": weight_decay})
    if undecayed:
        groups.append({"params": undecayed, "weight_decay": 0.0})
    return [*groups, {"order_params": parameters}]
