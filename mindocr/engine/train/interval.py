"""The steps since the last line of the log, and that line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.engine.train.observers import StepEvent


class Interval:
    """Adds up the steps between two lines of the log.

    Args:
        term_names: names of the loss terms.
        ranks: processes that train together; all load equally many images.
    """

    def __init__(self, term_names: Sequence[str], ranks: int = 1) -> None:
        self.term_names, self.ranks = tuple(term_names), ranks
        self._clear()

    def _clear(self) -> None:
        self._sums = np.zeros(1 + len(self.term_names))
        self._steps = self._images = 0
        self._seconds = self._waited = 0.0

    def add(self, event: StepEvent) -> None:
        """Add one step."""
        self._sums += np.array([event.outcome.loss, *(event.terms[name] for name in self.term_names)], np.float64)
        self._steps += 1
        self._images += event.images
        self._seconds += event.seconds
        self._waited += event.waited

    def forget_times(self) -> None:
        """Leave the steps so far out of the speed, such as one in which the network was compiled."""
        self._images, self._seconds, self._waited = 0, 0.0, 0.0

    def line(self, event: StepEvent, epochs: int, steps_per_epoch: int, memory: str, left: str) -> str:
        """The line after ``event``, the last step of the interval, and begin the next interval.

        Its fields have a fixed order: epoch, step of the epoch, mean loss and mean loss terms of the interval (of this
        rank), learning rate of the last update, images per second of all ranks and share of the time spent waiting
        for data in the interval, ``memory``, ``left``.

        Args:
            epochs: the last epoch of the run.
        """
        loss, *terms = (decimal(value) for value in self._sums / max(self._steps, 1))
        parts = ", ".join(f"{name} {value}" for name, value in zip(self.term_names, terms))
        where = f"epoch {event.at.epoch}/{epochs}, step {event.at.batch}/{steps_per_epoch}"
        ranks = f" ({self.ranks} ranks)" if self.ranks > 1 else ""
        seconds = max(self._seconds, 1e-9)
        speed = f"{self._images * self.ranks / seconds:.1f} img/s{ranks}"
        waiting = f"waiting {self._waited / seconds * 100:.0f} %"
        self._clear()
        terms_shown = f" ({parts})" if parts else ""
        return f"{where}: loss {loss}{terms_shown}, lr {event.lr:.2e}, {speed}, {waiting}, {memory}, {left}"


def decimal(value: float) -> str:
    """A loss with three digits after the point, or in scientific notation where they would all be zero."""
    return f"{value:.3f}" if not 0 < abs(value) < 0.01 else f"{value:.2e}"
