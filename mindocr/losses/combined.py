"""A weighted sum of losses within and between several networks, for ``model.networks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor, nn, ops
from typing_extensions import NotRequired, TypedDict

from mindocr.errors import ConfigError
from mindocr.losses.pairing import pick
from mindocr.registry import LOSSES


class Term(TypedDict):
    """One term.

    Attributes:
        loss: ``{name: DBLoss, ...}``.
        networks: the networks whose outputs the loss reads, in its order. One network: a loss within it. Two: a loss
            between them, which gets the outputs of the first, then the same outputs of the second, then the labels.
        weight: factor of the loss and of its terms.
    """

    loss: dict[str, Any]
    networks: list[str]
    weight: NotRequired[float]


@LOSSES.register
class CombinedLoss(nn.Cell):
    """Sum of weight * loss over terms, each on the outputs of one network or between those of several.

    Args:
        terms: ``[{loss: {name: DBLoss}, networks: [student], weight: 1.0}, ...]``, at least one; see :class:`Term`.

    Attributes:
        reads: ``<network>.<output>`` of all terms, each once.
        labels: label columns of all terms, each once.
        term_names: ``<network>.<term>``, or ``<network>-<network>.<term>``.

    Raises:
        ConfigError: no term, a term without a network, or a loss that cannot be built.
    """

    reads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __init__(self, terms: list[Term]) -> None:
        super().__init__()
        if problems := self.check_arguments({"terms": terms}):
            raise ConfigError("; ".join(f"loss.{key}: {text}" for key, text in problems))
        losses = [LOSSES.build(term["loss"]) for term in terms]
        self.losses = nn.CellList(losses)
        self.weights = tuple(float(term.get("weight", 1.0)) for term in terms)
        given = [_inputs(loss, term["networks"]) for loss, term in zip(losses, terms)]
        self.reads = _once(name for names, _ in given for name in names)
        self.optional = tuple(
            name for name in self.reads if all(name in absent for names, absent in given if name in names)
        )
        self.labels = _once(name for loss in losses for name in loss.labels)
        inputs = (*self.reads, *self.labels)
        self.positions = tuple(
            tuple(inputs.index(name) for name in (*names, *loss.labels)) for (names, _), loss in zip(given, losses)
        )
        self.term_names = tuple(
            f"{'-'.join(term['networks'])}.{name}" for term, loss in zip(terms, losses) for name in loss.term_names
        )

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """``reads``, ``optional`` and ``labels`` of a loss with these arguments, before it is built."""
        reads: list[str] = []
        optional: list[str] = []
        labels: list[str] = []
        for term in arguments.get("terms", ()):
            loss = LOSSES.get(term["loss"]["name"])
            names, absent = _inputs(loss, term["networks"])
            reads, optional, labels = [*reads, *names], [*optional, *absent], [*labels, *getattr(loss, "labels", ())]
        return {"reads": _once(reads), "optional": _once(optional), "labels": _once(labels)}

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems that a check of types does not find, as (argument, text)."""
        terms = arguments.get("terms", ())
        problems = [] if terms else [("terms", "needs at least one term: {loss: {name: ...}, networks: [...]}")]
        for i, term in enumerate(terms):
            if not term["networks"]:
                problems.append((f"terms[{i}].networks", "names no network; expected one, or two for a loss between"))
            spec = {key: value for key, value in term["loss"].items() if key != "name"}
            found = LOSSES.check(term["loss"].get("name", ""), spec)
            problems += [(f"terms[{i}].loss.{key or 'name'}", text) for key, text in found]
        return problems

    def construct(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        """Total and terms.

        Args:
            values: the outputs in the order of ``reads``, then the labels in the order of ``labels``.

        Returns:
            The total, a float32 scalar, and the weighted terms, (K,) float32 in the order of ``term_names``.
        """
        total = 0.0
        terms: tuple[Tensor, ...] = ()
        for loss, weight, positions in zip(self.losses, self.weights, self.positions):
            part, inner = loss(*pick(values, positions))
            total = total + part * weight
            terms = terms + (inner * weight,)
        return total, ops.concat(terms)


def _inputs(loss: Any, networks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Full names of the outputs that a loss reads from these networks, and of those that may be absent."""
    reads = [f"{network}.{name}" for network in networks for name in getattr(loss, "reads", ())]
    return reads, [f"{network}.{name}" for network in networks for name in getattr(loss, "optional", ())]


def _once(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
