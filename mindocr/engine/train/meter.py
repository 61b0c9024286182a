"""Numbers of one epoch: mean losses, speed, time spent waiting for data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


class Meter:
    """Adds up one epoch: mean loss and terms, images per second, share of the time spent waiting for data.

    Attributes:
        step_seconds: duration of the last step: from the end of the one before, or from the start of the clock.
        step_waited: the part of it that was spent waiting for data, in seconds.
    """

    def __init__(self, term_names: Sequence[str]) -> None:
        self._names = tuple(term_names)
        self.reset()

    def reset(self) -> None:
        """Begin a new epoch."""
        # Running sums, not a list: the saved state is short for an epoch of any length, and resumes exactly.
        self._sums = np.zeros(1 + len(self._names))
        self._steps = 0
        self._images = 0
        self._waited = 0.0
        self._earlier = 0.0
        self.start()

    def start(self) -> None:
        """Start the clock now; the time restored from a saved state is added to it."""
        self._start = self._last = time.perf_counter()
        self._waited_before = self._waited
        self.step_seconds = self.step_waited = 0.0

    def timed(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the batches, and measure the time spent waiting for each."""
        while True:
            before = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self._waited += time.perf_counter() - before
            yield batch

    def add(self, loss: float, terms: np.ndarray, images: int) -> None:
        """Add one step."""
        self._sums += np.array([loss, *terms], np.float64)
        self._steps += 1
        self._images += images
        now = time.perf_counter()
        self.step_seconds, self._last = now - self._last, now
        self.step_waited, self._waited_before = self._waited - self._waited_before, self._waited

    def row(self) -> dict[str, float]:
        """Means so far; NaN before the first step."""
        seconds = max(self._seconds(), 1e-9)
        means = self._sums / self._steps if self._steps else np.full(1 + len(self._names), np.nan)
        return {
            "loss": float(means[0]),
            **{name: float(value) for name, value in zip(self._names, means[1:])},
            "images_per_s": self._images / seconds,
            "wait_share": self._waited / seconds,
            "seconds": seconds,
        }

    def as_dict(self) -> dict[str, Any]:
        """The values for a saved state."""
        kept = {"sums": self._sums.tolist(), "steps": self._steps, "images": self._images}
        return {**kept, "waited": self._waited, "seconds": self._seconds()}

    def restore(self, stored: dict[str, Any]) -> None:
        """Continue from what :meth:`as_dict` returned."""
        self._sums = np.array(stored["sums"], np.float64)
        self._steps, self._images = stored["steps"], stored["images"]
        self._waited, self._earlier = stored["waited"], stored["seconds"]

    def _seconds(self) -> float:
        return self._earlier + time.perf_counter() - self._start
