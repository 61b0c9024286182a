"""What the weighted sums of losses share: their terms, and the sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision
from mindocr.losses.pairing import pick
from mindocr.registry import LOSSES


class SumOfTerms(FullPrecision):
    """Sum of weight * loss over terms ``{loss: {name: ...}, weight: 1.0, ...}``.

    A subclass sets ``positions``: for each loss, which of the values it takes.

    Args:
        terms: at least one.

    Raises:
        ConfigError: :meth:`check_arguments` finds a problem, or a loss cannot be built.
    """

    positions: tuple[tuple[int, ...], ...] = ()

    def __init__(self, terms: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        if problems := self.check_arguments({"terms": terms}):
            raise ConfigError("; ".join(f"loss.{key}: {text}" for key, text in problems))
        self.losses = nn.CellList([LOSSES.build(term["loss"]) for term in terms])
        self.weights = tuple(float(term.get("weight", 1.0)) for term in terms)

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems of the terms' losses, as (argument, text)."""
        problems = []
        for i, term in enumerate(arguments.get("terms", ())):
            spec = {key: value for key, value in term["loss"].items() if key != "name"}
            found = LOSSES.check(term["loss"].get("name", ""), spec)
            problems += [(f"terms[{i}].loss.{key or 'name'}", text) for key, text in found]
        return problems

    def add_up(self, values: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """The total, and the weighted terms of all losses, (K,) float32."""
        total = 0.0
        terms: tuple[Tensor, ...] = ()
        for loss, weight, positions in zip(self.losses, self.weights, self.positions):
            part, inner = loss(*pick(values, positions))
            total = total + part * weight
            terms = terms + (inner * weight,)
        return total, ops.concat(terms)
