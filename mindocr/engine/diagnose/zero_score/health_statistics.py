"""Statistics of a training run and of weights, from which the causes of a zero score are found, for any task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RunStatistics:
    """What a training run has done so far.

    Attributes:
        updates, dropped: updates made, and updates dropped because of non-finite gradients.
        highest_lr: highest learning rate of any of the updates made.
        moved: relative change of the first weights since the start of the process.
        from_scratch: the configuration names no pretrained weights.
        earlier_updates: those of ``updates`` that were made before the process started.
    """

    updates: int
    dropped: int
    highest_lr: float
    moved: float
    from_scratch: bool
    earlier_updates: int = 0

    @property
    def own_updates(self) -> int:
        """Updates that this process has made."""
        return self.updates - self.earlier_updates


@dataclass(frozen=True)
class WeightStatistics:
    """Statistics of the evaluated weights.

    Attributes:
        bad: names of parameters that are not finite.
        norms, untouched: BatchNorm layers, and those of them whose running statistics still have their initial values.
    """

    bad: Sequence[str] = ()
    norms: int = 0
    untouched: int = 0
