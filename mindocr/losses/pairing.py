"""A loss on the outputs of a network, paired by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor, nn

from mindocr.errors import ConfigError

ABSENT = -1


def positions_of(reads: Sequence[str], outputs: Sequence[str], optional: Sequence[str] = ()) -> tuple[int, ...]:
    """Position in ``outputs`` of each name that a loss reads; ``ABSENT`` for an optional one that is not there.

    Raises:
        ConfigError: an output that the network does not have.
    """
    missing = [name for name in reads if name not in outputs and name not in optional]
    if missing:
        raise ConfigError(f"reads {', '.join(missing)}, but the network outputs {', '.join(outputs)} in training")
    return tuple(outputs.index(name) if name in outputs else ABSENT for name in reads)


def pick(values: tuple[Any, ...], positions: tuple[int, ...]) -> tuple[Any, ...]:
    """The values at ``positions``, None for ``ABSENT``; usable inside a compiled graph."""
    picked: tuple[Any, ...] = ()
    for position in positions:
        picked = picked + ((None,) if position < 0 else (values[position],))
    return picked


class PairedLoss(nn.Cell):
    """``loss`` on the outputs of a network: a tuple, or one output.

    Positions are computed here, once, so that the graph holds no names.

    Args:
        loss: see :mod:`mindocr.losses`.
        outputs: names of the network's outputs in training, in order.
        channels: size of the last axis of some outputs, by name.

    Attributes:
        labels, term_names: those of the loss.

    Raises:
        ConfigError: the loss reads an output that the network does not have, or of another size.
    """

    def __init__(self, loss: nn.Cell, outputs: Sequence[str], channels: Mapping[str, int] | None = None) -> None:
        super().__init__(auto_prefix=False)
        if absent := [name for name in ("reads", "labels", "term_names") if not hasattr(loss, name)]:
            raise ConfigError(
                f"loss: {type(loss).__name__} does not declare {', '.join(absent)}; add class attributes as "
                "mindocr/losses/__init__.py describes them"
            )
        try:
            self.positions = positions_of(loss.reads, outputs, getattr(loss, "optional", ()))
        except ConfigError as error:
            raise ConfigError(f"loss: {type(loss).__name__} {error}") from None
        for name, size in getattr(loss, "channels", {}).items():
            if (found := (channels or {}).get(name, size)) != size:
                raise ConfigError(
                    f"loss: {type(loss).__name__} needs {size} channels of the output {name}, but the network has "
                    f"{found}; its file was made with another network"
                )
        self.loss = loss
        self.single = len(outputs) == 1
        self.labels: tuple[str, ...] = tuple(loss.labels)
        self.term_names: tuple[str, ...] = tuple(loss.term_names)

    def construct(self, outputs: Any, *labels: Tensor) -> tuple[Tensor, Tensor]:
        """Total, a float32 scalar, and terms (K,)."""
        if self.single:
            outputs = (outputs,)
        return self.loss(*pick(outputs, self.positions), *labels)
