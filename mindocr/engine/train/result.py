"""Result of a training run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class TrainingResult:
    """Result of a training run, as ``trainer.run`` returns it and observers see it at the end.

    Attributes:
        folder: where the files are.
        steps: batches of the whole run.
        epochs: the last epoch that this process has completed; 0 = none.
        losses: total loss of every step of this process, in order.
        scores: of the last evaluation, or None.
        best: the best score so far, or None.
        best_epoch: its epoch; 0 = none, or the weights from which training started.
        skipped: images that were left out because they could not be read.
    """

    folder: Path
    steps: int = 0
    epochs: int = 0
    losses: list[float] = field(default_factory=list, repr=False)
    scores: dict[str, Any] | None = None
    best: float | None = None
    best_epoch: int = 0
    skipped: list[str] = field(default_factory=list)
