"""``curves.png``: losses, scores, learning rate and time waiting for data, by epoch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindocr.engine.train.loggers.csv import read_rows, with_epoch
from mindocr.engine.train.observers import EndEvent, EpochEvent, Observer, StartEvent
from mindocr.registry import LOGGERS
from mindocr.utils import files

CURVES_NAME = "curves.png"
INTERVAL_S = 20.0


@LOGGERS.register(name="curves")
class CurvesLogger(Observer):
    """Draws curves.png: loss and its terms, scores, learning rate with the share of time waiting for data.

    Drawn at most every 20 seconds, and at the end. A resumed run reads the earlier epochs from performance.csv; without
    the logger ``csv`` its curves begin where it continues.

    Args:
        folder: of the run.
    """

    writes = CURVES_NAME

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: list[dict[str, Any]] = []
        self._losses: tuple[str, ...] = ("loss",)
        self._scores: list[str] = []
        self._drawn = -INTERVAL_S

    def on_start(self, event: StartEvent) -> None:
        """Read the epochs of the run that is resumed."""
        self._losses = ("loss", *event.term_names)
        self._rows = read_rows(self.folder) if event.resumed else []

    def on_epoch(self, event: EpochEvent) -> None:
        """Add the epoch; with many short epochs, not each of them is drawn."""
        self._rows = with_epoch(self._rows, event.row)
        self._scores = list(dict.fromkeys([*self._scores, *event.scores]))
        if time.monotonic() - self._drawn > INTERVAL_S:
            self._draw()

    def on_end(self, event: EndEvent) -> None:
        """Draw the last state."""
        if self._rows:
            self._draw()

    def state(self) -> list[str]:
        """Which columns of the table are scores: the table does not show it, and the next evaluation may come late."""
        return self._scores

    def restore(self, state: Any) -> None:
        """Restore the names of the scores."""
        self._scores = list(state)

    def _draw(self) -> None:
        draw_curves(self._rows, self._losses, self._scores, self.folder / CURVES_NAME)
        self._drawn = time.monotonic()


def draw_curves(rows: Sequence[dict[str, Any]], losses: Sequence[str], scores: Sequence[str], path: Path) -> None:
    """Three panels over epochs: losses, scores, learning rate with the share of time waiting for data.

    Args:
        rows: one for each epoch, by column name; a value that is absent or None is left out.
        losses: columns of the first panel.
        scores: columns of the second panel.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for name in losses:
        _line(left, rows, name)
    left.set_title("training loss (weighted terms)")
    for name in scores:
        _line(middle, rows, name)
    middle.set(title="evaluation", ylim=(0, 1))
    _line(right, rows, "lr", color="tab:blue")
    right.set_title("learning rate, share of time waiting for data")
    twin = right.twinx()
    _line(twin, rows, "wait_share", color="tab:orange")
    twin.set_ylim(0, 1)
    for axis in (left, middle, right):
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="upper left" if axis is right else "best")
    if twin.get_legend_handles_labels()[0]:
        twin.legend(loc="upper right")
    with files.replacing(path, ".png") as partial:
        figure.savefig(partial, dpi=110)


def _line(axis: Any, rows: Sequence[dict[str, Any]], name: str, **style: Any) -> None:
    points = [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]
    if points:
        axis.plot(*zip(*points), label=name, marker="o" if len(points) < 30 else None, markersize=3, **style)
