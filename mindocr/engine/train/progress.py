"""Where a run stands, and the state of every random generator: what a saved state holds beside parameters."""

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
        epoch: the epoch under way, from 1.
        batch: batches of this epoch that are done.
        closed: this epoch has been evaluated and saved.
        steps: batches of the whole run.
        updates: optimizer steps; fewer than ``steps`` where gradients accumulate or updates are dropped.
        dropped: updates left out for gradients that were not finite.
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
        """Go on to ``epoch``; False where it is under way already."""
        self.closed = False
        if self.epoch == epoch:
            return False
        self.epoch, self.batch = epoch, 0
        return True

    def next_epoch(self, batches: int) -> int:
        """The epoch to train next, where an epoch has so many ``batches``."""
        return self.epoch + 1 if self.closed and self.batch == batches else self.epoch

    def copy(self) -> Progress:
        """The counts of this moment, which do not change when the run goes on."""
        return replace(self)

    def as_dict(self) -> dict[str, Any]:
        """For a saved state."""
        return asdict(self)

    def restore(self, stored: dict[str, Any]) -> None:
        """Go on from what :meth:`as_dict` gave."""
        for each in fields(self):
            setattr(self, each.name, stored[each.name])


def random_state() -> dict[str, Any]:
    """States of Python's, NumPy's and MindSpore's generators, in types that JSON knows."""
    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "mindspore": base64.b64encode(ms.get_rng_state().asnumpy().tobytes()).decode(),
    }


def restore_random_state(stored: dict[str, Any]) -> None:
    """Set all generators as :func:`random_state` found them."""
    version, numbers, gauss = stored["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = stored["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), position, has_gauss, cached))
    ms.set_rng_state(ms.Tensor(np.frombuffer(base64.b64decode(stored["mindspore"]), np.uint8)))
