"""Batches for the training step: passed by this process, or taken by the device from its own queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.data.loading.loader import Batch, Loader, to_mindspore_dataset
from mindocr.losses.combined import explain_sizes


@dataclass(frozen=True)
class StepOutcome:
    """What one step returned: total loss, its terms (K,), whether all gradients were finite, their global norm."""

    loss: float
    terms: np.ndarray
    finite: bool
    norm: float


class Feed:
    """Runs ``step`` on the batches of ``loader``.

    Args:
        columns: the step's inputs, by name.
        epochs: the last epoch of the run, from 1.
        sink: let the device take batches from its own queue (Ascend).
    """

    def __init__(self, loader: Loader, step: nn.Cell, columns: Sequence[str], epochs: int, *, sink: bool) -> None:
        self.loader, self.step, self.columns, self.epochs, self.sink = loader, step, tuple(columns), epochs, sink
        self._take: Any = None

    def batches(self, epoch: int, start: int) -> Iterator[Batch | None]:
        """Host batches of ``epoch`` from ``start`` on, or None for each one that the device takes from its queue."""
        if not self.sink:
            return self.loader.epoch(epoch, start)
        if self._take is None:
            queue = to_mindspore_dataset(self.loader, self.columns, range(epoch, self.epochs + 1), start)
            self._take = ms.data_sink(self.step, queue, sink_size=1)
        return iter([None] * (len(self.loader) - start))

    def run(self, batch: Batch | None) -> StepOutcome:
        """Run one step.

        Raises:
            ConfigError: a loss between networks compares outputs of different sizes.
        """
        inputs = () if batch is None else tuple(ms.Tensor(batch[name]) for name in self.columns)
        try:
            total, terms, finite, norm = (self.step if batch is not None else self._take)(*inputs)
        except ValueError as error:
            if explained := explain_sizes(error):
                raise explained from error
            raise
        return StepOutcome(float(total.asnumpy()), terms.asnumpy(), bool(finite.asnumpy()), float(norm.asnumpy()))
