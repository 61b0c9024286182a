"""What a run shows of itself: the progress bar, a CSV line an epoch, curves as a picture, TensorBoard events."""

from __future__ import annotations

import csv
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mindocr.errors import ConfigError
from mindocr.utils import files

logger = logging.getLogger(__name__)

CSV_NAME = "performance.csv"
CURVES_NAME = "curves.png"
CURVES_INTERVAL_S = 20.0


class Meter:
    """Adds up one epoch: mean loss and terms, images per second, share of the time spent waiting for data."""

    def __init__(self, term_names: Sequence[str]) -> None:
        self._names = tuple(term_names)
        self.reset()

    def reset(self) -> None:
        """Begin a new epoch."""
        # Running sums, not a list: a saved state of any length of epoch is then short and continues bit by bit.
        self._sums = np.zeros(1 + len(self._names))
        self._steps = 0
        self._images = 0
        self._waited = 0.0
        self._earlier = 0.0
        self._start = time.perf_counter()

    def start(self) -> None:
        """Let the clock run from now on, after the time that a resumed run brings along."""
        self._start = time.perf_counter()

    def timed(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Pass batches on, taking the time that each one was waited for."""
        while True:
            before = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self._waited += time.perf_counter() - before
            yield batch

    def add(self, loss: float, terms: np.ndarray, images: int) -> None:
        """Take note of one step."""
        self._sums += np.array([loss, *terms], np.float64)
        self._steps += 1
        self._images += images

    def row(self) -> dict[str, float]:
        """Means so far; empty means are NaN."""
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
        """For a saved state."""
        kept = {"sums": self._sums.tolist(), "steps": self._steps, "images": self._images}
        return {**kept, "waited": self._waited, "seconds": self._seconds()}

    def restore(self, stored: dict[str, Any]) -> None:
        """Go on from what :meth:`as_dict` gave."""
        self._sums = np.array(stored["sums"], np.float64)
        self._steps, self._images = stored["steps"], stored["images"]
        self._waited, self._earlier = stored["waited"], stored["seconds"]

    def _seconds(self) -> float:
        return self._earlier + time.perf_counter() - self._start


class Reporter:
    """Writes ``performance.csv`` and ``curves.png`` in ``folder``, and event files where ``tensorboard`` is set.

    Raises:
        ConfigError: TensorBoard files are wanted and tensorboardX is not installed.
    """

    def __init__(self, folder: Path, *, tensorboard: bool = False, resume: bool = False) -> None:
        self.folder = folder
        self._rows: list[dict[str, Any]] = []
        self._drawn = -CURVES_INTERVAL_S
        self._writer: Any = None
        if resume and (folder / CSV_NAME).exists():
            with (folder / CSV_NAME).open(encoding="utf-8", newline="") as file:
                self._rows = [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]
        if tensorboard:
            try:
                from tensorboardX import SummaryWriter
            except ImportError:
                raise ConfigError(
                    "train.tensorboard: True needs tensorboardX; run 'pip install tensorboardX'"
                ) from None
            self._writer = SummaryWriter(str(folder / "tensorboard"))

    def bar(self, total: int, epoch: int, epochs: int, start: int = 0) -> tqdm:
        """The progress bar of one epoch, ``start`` of whose steps an earlier run has made."""
        # In a file, where every refresh is a line, twice a minute is enough.
        pause = 0.1 if sys.stderr.isatty() else 30.0
        title = f"epoch {epoch}/{epochs}"
        style = {"unit": "step", "dynamic_ncols": True, "leave": False, "mininterval": pause}
        return tqdm(total=total, initial=start, desc=title, **style)

    @staticmethod
    def show(bar: tqdm, row: dict[str, float], lr: float, names: Sequence[str]) -> None:
        """Put loss, terms, learning rate, speed and waiting share on the bar."""
        parts = [f"loss {row['loss']:.3f}", *(f"{name} {row[name]:.3f}" for name in names), f"lr {lr:.2e}"]
        parts += [f"{row['images_per_s']:.1f} img/s", f"wait {row['wait_share']:.0%}"]
        bar.set_postfix_str(", ".join(parts), refresh=False)

    def add_epoch(self, row: dict[str, Any]) -> None:
        """Record one epoch; ``row`` must hold ``epoch`` and ``step``."""
        self._rows = [r for r in self._rows if r["epoch"] < row["epoch"]] + [row]
        columns = list(dict.fromkeys(key for r in self._rows for key in r))
        with files.replacing(self.folder / CSV_NAME) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self._rows)
        if self._writer is not None:
            for key, value in row.items():
                if key not in ("epoch", "step") and value is not None:
                    self._writer.add_scalar(key, value, int(row["step"]))
            self._writer.flush()
        if time.monotonic() - self._drawn > CURVES_INTERVAL_S:
            self.draw()

    def draw(self) -> None:
        """Write the curves; where that fails (a full disk), a warning is enough, for they can be drawn again."""
        if self._rows:
            try:
                draw_curves(self._rows, self.folder / CURVES_NAME)
            except OSError as error:
                logger.warning("%s is not up to date: %s", CURVES_NAME, error.strerror)
            self._drawn = time.monotonic()

    def close(self) -> None:
        """Draw the last state and close the event files."""
        self.draw()
        if self._writer is not None:
            self._writer.close()


def _number(text: str) -> int | float | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def draw_curves(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Three panels over epochs: loss and its terms, scores, learning rate with the share of time waiting for data."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    scores = ("recall", "precision", "f-score")
    others = {"epoch", "step", "lr", "images_per_s", "wait_share", "seconds", "updates_dropped", *scores}
    for name in [k for k in rows[-1] if k not in others]:
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
    twin.legend(loc="upper right")
    with files.replacing(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def _line(axis: Any, rows: Sequence[dict[str, Any]], name: str, **style: Any) -> None:
    points = [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]
    if points:
        axis.plot(*zip(*points), label=name, marker="o" if len(points) < 30 else None, markersize=3, **style)
