"""A weighted sum of losses within and between several networks, for ``model.networks``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from mindspore import Tensor
from typing_extensions import NotRequired, TypedDict

from mindocr.errors import ConfigError
from mindocr.losses.sum_of_terms import SumOfTerms
from mindocr.registry import LOSSES

_SIZES, _END = "sizes of outputs differ: ", " (end)"


class Term(TypedDict):
    """One term.

    Attributes:
        loss: ``{name: DBLoss, ...}``.
        networks: the networks whose outputs the loss reads, in its order. One network: a loss within it. More: a loss
            between them, which gets the outputs of the first, then the same outputs of the second, and so on, then the
            labels. A student comes before its teacher.
        weight: factor of the loss and of its terms.
    """

    loss: dict[str, Any]
    networks: list[str]
    weight: NotRequired[float]


@LOSSES.register
class CombinedLoss(SumOfTerms):
    """Sum of weight * loss over terms, each on the outputs of one network or between those of several.

    Args:
        terms: ``[{loss: {name: DBLoss}, networks: [student], weight: 1.0}, ...]``, at least one; see :class:`Term`.

    Attributes:
        reads: ``<network>.<output>`` of all terms, each once.
        labels: label columns of all terms, each once.
        term_names: ``<network>.<term>``, or ``<network>-<network>.<term>``; where a name occurs twice, because a loss
            compares several outputs, ``<network>-<network>.<term>_<output>``.

    Raises:
        ConfigError: no term, a term without a network, a loss that cannot be built, or the same term twice.
    """

    reads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __init__(self, terms: list[Term]) -> None:
        super().__init__(terms)
        losses: list[Any] = list(self.losses)
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
        self.pairs = tuple(pair for term, loss in zip(terms, losses) for pair in _pairs(loss, term, self.reads))
        self.term_names = _term_names(terms, losses)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """``reads``, ``optional`` and ``labels`` of a loss with these arguments, before it is built."""
        reads: list[str] = []
        optional: list[str] = []
        labels: list[str] = []
        for term in arguments.get("terms", ()):
            declared = {name: LOSSES.declared(term["loss"], name) for name in ("reads", "optional", "labels")}
            names, absent = _inputs(SimpleNamespace(**declared), term["networks"])
            reads, optional, labels = [*reads, *names], [*optional, *absent], [*labels, *declared["labels"]]
        return {"reads": _once(reads), "optional": _once(optional), "labels": _once(labels)}

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems that a check of types does not find, as (argument, text)."""
        terms = arguments.get("terms", ())
        problems = [] if terms else [("terms", "needs at least one term: {loss: {name: ...}, networks: [...]}")]
        for i, term in enumerate(terms):
            if text := _count_problem(term):
                problems.append((f"terms[{i}].networks", text))
            elif (first := [_key(each) for each in terms].index(_key(term))) < i:
                name = term["loss"].get("name", "")
                problems.append((f"terms[{i}]", f"{name} of the same networks and output is term {first} already"))
        return problems + super().check_arguments(arguments)

    def construct(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        """Total and terms.

        Args:
            values: the outputs in the order of ``reads``, then the labels in the order of ``labels``.

        Returns:
            The total, a float32 scalar, and the weighted terms, (K,) float32 in the order of ``term_names``.

        Raises:
            ValueError: outputs of two networks that a loss compares have different sizes; a compiled graph raises it
                before its first step, see :func:`explain_sizes`.
        """
        for first, second, name, other in self.pairs:
            if values[first].shape != values[second].shape:
                raise ValueError(
                    _SIZES + name + " is " + str(values[first].shape) + ", " + other + " is "
                    + str(values[second].shape) + _END
                )  # fmt: skip
        return self.add_up(values)


def explain_sizes(error: ValueError) -> ConfigError | None:
    """The user's mistake behind an error of a training step: networks whose outputs differ in size. None = another."""
    found = re.search(f"{re.escape(_SIZES)}(.+?){re.escape(_END)}", str(error))
    if not found:
        return None
    return ConfigError(
        f"loss: {found[1]}; a loss between networks compares outputs of equal size. Give the networks the same output "
        "stride, and heads with the same number of classes"
    )


def _count_problem(term: Term) -> str | None:
    names = term["networks"]
    if not names:
        return "names no network; expected one, or two for a loss between"
    if repeated := [name for name in names if names.count(name) > 1]:
        return f"names '{repeated[0]}' twice; a loss between networks compares different ones"
    loss = term["loss"].get("name", "")
    low, high = getattr(LOSSES.get(loss), "network_count", (1, None)) if loss in LOSSES else (1, None)
    if low <= len(names) <= (high or len(names)):
        return None
    wanted = f"{low}" if low == high else f"{low} or more"
    return f"{loss} compares the outputs of {wanted} networks, got {', '.join(names)}"


def _key(term: Term) -> tuple[Any, ...]:
    """What two terms of one recipe must not have in common."""
    return term["loss"].get("name"), term["loss"].get("output"), tuple(term["networks"])


def _term_names(terms: Sequence[Term], losses: Sequence[Any]) -> tuple[str, ...]:
    named = [
        (f"{'-'.join(term['networks'])}.{name}", term["loss"].get("output") or loss.reads[0])
        for term, loss in zip(terms, losses)
        for name in loss.term_names
    ]
    plain = [name for name, _ in named]
    return tuple(f"{name}_{output}" if plain.count(name) > 1 else name for name, output in named)


def _pairs(loss: Any, term: Term, reads: Sequence[str]) -> list[tuple[int, int, str, str]]:
    """Positions and names of the outputs that must have one size, of a loss that compares networks."""
    if not hasattr(loss, "network_count"):
        return []
    first, *others = term["networks"]
    needed = [name for name in loss.reads if name not in getattr(loss, "optional", ())]
    names = [(f"{first}.{name}", f"{other}.{name}") for other in others for name in needed]
    return [(reads.index(one), reads.index(another), one, another) for one, another in names]


def _inputs(loss: Any, networks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Full names of the outputs that a loss reads from these networks, and of those that may be absent."""
    reads = [f"{network}.{name}" for network in networks for name in getattr(loss, "reads", ())]
    return reads, [f"{network}.{name}" for network in networks for name in getattr(loss, "optional", ())]


def _once(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
