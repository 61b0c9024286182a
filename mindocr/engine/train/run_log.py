"""The log of a run: a progress bar for each epoch, and lines at its beginning, after each epoch and at its end."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence

from tqdm import tqdm

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import messages
from mindocr.engine.train.observers import EndEvent, EpochEvent, Observer, StartEvent, StepEvent
from mindocr.engine.train.progress import Progress

logger = logging.getLogger(__name__)


class RunLog(Observer):
    """Logs a run on the screen and in ``log_<rank>.txt``.

    Args:
        files: what the loggers write in the folder of the run; the last line of the log names it.
    """

    def __init__(self, config: Config, place: Runtime, loader: Loader, files: Sequence[str] = ()) -> None:
        self.config, self.place, self.loader, self.files = config, place, loader, tuple(files)
        self._bar: tqdm | None = None

    def on_start(self, event: StartEvent) -> None:
        """Store names and lengths of the run, and log its first lines."""
        self._run = event
        messages.beginning(self.config, self.place, self.loader)

    def on_step_begin(self, at: Progress) -> None:
        """Open the progress bar of an epoch before its first step."""
        if self._bar is None:
            # In a file, where every refresh is a line, twice a minute is enough.
            pause = 0.1 if sys.stderr.isatty() else 30.0
            self._bar = tqdm(
                total=self._run.steps_per_epoch, initial=at.batch, desc=f"epoch {at.epoch}/{self._run.epochs}",
                unit="step", dynamic_ncols=True, leave=False, mininterval=pause,
            )  # fmt: skip

    def on_step(self, event: StepEvent) -> None:
        """Advance the bar, and update its numbers every ``system.log_interval`` steps."""
        if self._bar is None:
            return
        self._bar.update()
        if event.at.steps % self.config.system.log_interval == 0 or event.ends_epoch:
            self._bar.set_postfix_str(describe(event.means, event.lr, self._run.term_names), refresh=False)
        if event.ends_epoch:
            self._close_bar()

    def on_epoch(self, event: EpochEvent) -> None:
        """Log the scores, and the saved file if they are the best so far."""
        if event.evaluation is not None:
            logger.info("epoch %d: %s", event.at.epoch, event.evaluation.summary())
        if event.best is not None:
            logger.info("epoch %d: best so far, saved as %s", event.at.epoch, event.best)

    def on_end(self, event: EndEvent) -> None:
        """Log the result of a complete run; errors and signals have their own messages."""
        self._close_bar()
        if event.error is None:
            messages.end(event, self._run.indicator, self.files, self.config.train.ckpt_save_dir)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def describe(means: Mapping[str, float], lr: float, term_names: Sequence[str]) -> str:
    """One line: mean loss and terms of the epoch so far, learning rate, images per second, share of time waiting."""
    parts = [f"loss {means['loss']:.3f}", *(f"{name} {means[name]:.3f}" for name in term_names), f"lr {lr:.2e}"]
    return ", ".join([*parts, f"{means['images_per_s']:.1f} img/s", f"wait {means['wait_share']:.0%}"])
