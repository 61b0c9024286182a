"""TensorBoard event files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindocr.engine.train.observers import EndEvent, EpochEvent, Observer, StartEvent
from mindocr.errors import ConfigError
from mindocr.registry import LOGGERS


@LOGGERS.register(name="tensorboard")
class TensorBoardLogger(Observer):
    """Writes TensorBoard event files: the numbers of each epoch over optimizer steps; needs tensorboardX.

    Args:
        folder: of the run; the files go to ``tensorboard`` in it.

    Raises:
        ConfigError: tensorboardX is not installed.
    """

    writes = "tensorboard"

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise ConfigError("train.loggers: tensorboard needs tensorboardX; run 'pip install tensorboardX'") from None
        self.folder = folder
        self._open = SummaryWriter
        self._writer: Any = None

    def on_start(self, event: StartEvent) -> None:
        """Begin a new event file; TensorBoard joins it with those of the earlier part of the run."""
        self._writer = self._open(str(self.folder / self.writes))

    def on_epoch(self, event: EpochEvent) -> None:
        """Write a scalar for each number of the epoch."""
        for name, value in event.row.items():
            if name not in ("epoch", "step"):
                self._writer.add_scalar(name, value, int(event.row["step"]))
        self._writer.flush()

    def on_end(self, event: EndEvent) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
