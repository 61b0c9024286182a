"""A weighted sum of losses on the outputs of one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor
from typing_extensions import NotRequired, TypedDict

from mindocr.losses.sum_of_terms import SumOfTerms
from mindocr.registry import LOSSES

_NAMES = ("reads", "optional", "labels")


class Weighted(TypedDict):
    """One term.

    Attributes:
        loss: ``{name: CTCLoss, ...}``.
        weight: factor of the loss and of its terms; 1 if it is not given.
    """

    loss: dict[str, Any]
    weight: NotRequired[float]


@LOSSES.register
class WeightedSum(SumOfTerms):
    """Sum of weight * loss over terms, all on one network. For several networks see ``CombinedLoss``.

    Args:
        terms: ``[{loss: {name: CTCLoss}}, {loss: {name: ACELoss}, weight: 0.1}]``, at least one.

    Attributes:
        reads, labels, optional: outputs and label columns of all terms, each once.
        term_names: those of the terms; no name may occur twice.
        channels: sizes of outputs that the terms need, by name.

    Raises:
        ConfigError: no term, a loss that cannot be built, or the same loss twice.
    """

    reads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __init__(self, terms: list[Weighted]) -> None:
        super().__init__(terms)
        losses: list[Any] = list(self.losses)
        self.reads, self.optional, self.labels = (_joined(losses, name) for name in _NAMES)
        self.channels = {name: size for loss in losses for name, size in getattr(loss, "channels", {}).items()}
        inputs = (*self.reads, *self.labels)
        self.positions = tuple(tuple(inputs.index(name) for name in (*each.reads, *each.labels)) for each in losses)
        self.term_names = tuple(name for loss in losses for name in loss.term_names)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """``reads``, ``optional`` and ``labels`` of a loss with these arguments, before it is built."""
        terms = [term["loss"] for term in arguments.get("terms", ())]
        return {
            name: tuple(dict.fromkeys(each for term in terms for each in LOSSES.declared(term, name)))
            for name in _NAMES
        }  # fmt: skip

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems that a check of types does not find, as (argument, text)."""
        terms: Sequence[Weighted] = arguments.get("terms", ())
        problems = [] if terms else [("terms", "needs at least one term: {loss: {name: ...}, weight: 1.0}")]
        problems += super().check_arguments(arguments)
        names: list[Any] = []
        for i, term in enumerate(terms):
            name = term["loss"].get("name", "")
            if name in names:
                problems.append(
                    (f"terms[{i}].loss.name", f"{name} is term {names.index(name)} already; use one of them")
                )
            names.append(name)
        return problems

    def construct(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        """Total and terms.

        Args:
            values: the outputs in the order of ``reads``, then the labels in the order of ``labels``.

        Returns:
            The total, a float32 scalar, and the weighted terms, (K,) float32 in the order of ``term_names``.
        """
        return self.add_up(values)


def _joined(losses: Sequence[Any], attribute: str) -> tuple[str, ...]:
    """Names that the losses declare, each once; an output is optional only if every loss that reads it says so."""
    names = dict.fromkeys(name for loss in losses for name in getattr(loss, attribute, ()))
    if attribute != "optional":
        return tuple(names)
    return tuple(n for n in names if all(n in getattr(loss, attribute, ()) for loss in losses if n in loss.reads))
