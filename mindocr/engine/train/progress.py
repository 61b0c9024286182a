"""Progress of a run, and the state of every random generator: what a saved state holds besides parameters."""

from __future__ import annotations

import base64
import random
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import mindspore as ms
import numpy as np


@dataclass
class Progress:
    """What the training loop counts.

    Attributes:
        epoch: the current epoch, from 1.
        batch: batches of this epoch that are done.
        closed: this epoch has been evaluated and saved.
        steps: batches of the whole run.
        updates: optimizer steps; fewer than ``steps`` where gradients accumulate or updates are dropped.
        dropped: updates dropped because of non-finite gradients.
        dropped_in_a_row: of these, the ones since the last good update.
    """

    epoch: int = 1
    batch: int = 0
    closed: bool = False
    steps: int = 0
    updates: int = 0
    dropped: int = 0
    dropped_in_a_row: int = 0

    def begin_epoch(self, epoch: int) -> bool:
        """Begin ``epoch``; returns False if it has begun already."""
        self.closed = False
        if self.epoch == epoch:
            return False
        self.epoch, self.batch = epoch, 0
        return True

    def next_epoch(self, batches: int) -> int:
        """The epoch to train next; ``batches`` is the number of batches of an epoch."""
        return self.epoch + 1 if self.closed and self.batch == batches else self.epoch

    def copy(self) -> Progress:
        """A copy of the counts, which does not change when the run continues."""
        return replace(self)

    def as_dict(self) -> dict[str, Any]:
        """The counts for a saved state."""
        return asdict(self)

    def restore(self, stored: dict[str, Any]) -> None:
        """Continue from what :meth:`as_dict` returned."""
        for each in fields(self):
            setattr(self, each.name, stored[each.name])


def random_state() -> dict[str, Any]:
    """States of Python's, NumPy's and MindSpore's generators, in JSON types."""
    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "mindspore": base64.b64encode(ms.get_rng_state().asnumpy().tobytes()).decode(),
    }


def restore_random_state(stored: dict[str, Any]) -> None:
    """Set all generators to the states that :func:`random_state` returned."""
    version, numbers, gauss = stored["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = stored["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), position, has_gauss, cached))
    ms.set_rng_state(ms.Tensor(np.frombuffer(base64.b64decode(stored["mindspore"]), np.uint8)))
