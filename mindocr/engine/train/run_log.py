"""The log of a run: its beginning, a line every few steps, evaluations, its end; on a terminal also a progress bar."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from tqdm import tqdm

from mindocr.config import Config
from mindocr.config.short_run import run_notes
from mindocr.data.loading.loader import Loader
from mindocr.engine.evaluate.evaluator import Evaluation
from mindocr.engine.runtime.device_memory import peak_device_memory
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import messages
from mindocr.engine.train.interval import Interval
from mindocr.engine.train.next_commands import NextCommands, epoch_stem
from mindocr.engine.train.observers import EndEvent, EpochEvent, Observer, StartEvent, StepEvent
from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.run_length import length_notes
from mindocr.engine.train.time_left import TimeLeft
from mindocr.utils.logs import FILE_ONLY
from mindocr.utils.memory import peak_memory
from mindocr.utils.progress import duration, on_terminal
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


class RunLog(Observer):
    """Logs a run on the screen and in ``log_<rank>.txt``.

    Rank 0 logs the loss every ``system.log_interval`` steps and at the last step of an epoch. These lines go to the
    file, and to the screen where that is no terminal; on a terminal the progress bar shows the same numbers.

    Args:
        plan: when the run evaluates and ends.
        commands: that the last line names.
        files: what the loggers write in the folder of the run; the last lines of the log name it.
    """

    def __init__(
        self, config: Config, place: Runtime, loader: Loader, plan: RunPlan, commands: NextCommands,
        files: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.config, self.place, self.loader, self.plan = config, place, loader, plan
        self.commands, self.files = commands, tuple(files)
        self._left = TimeLeft(plan)
        self._steps = 0  # of this process
        self._bar: tqdm | None = None
        self._first: dict[str, float] = {}  # score of each further data set in the first evaluation

    def on_start(self, event: StartEvent) -> None:
        """Store names and lengths of the run, and log its first lines."""
        self._run = event
        self._interval = Interval(event.term_names, self.place.world)
        notes = [*run_notes(self.config), *length_notes(self.config, event.steps_per_epoch, self.plan.schedule)]
        messages.beginning(self.config, self.place, self.loader, notes)

    def on_step_begin(self, at: Progress) -> None:
        """Before the first step of an epoch, open its progress bar; of the run, announce the compilation."""
        if self._steps == 0:
            logger.info("the first step compiles the network; that takes a while")
        if self._bar is None and on_terminal():
            self._bar = tqdm(
                total=self._run.steps_per_epoch, initial=at.batch, desc=f"epoch {at.epoch}/{self._run.epochs}",
                unit="step", dynamic_ncols=True, leave=False,
            )  # fmt: skip

    def on_step(self, event: StepEvent) -> None:
        """Advance the bar, and log the numbers every ``system.log_interval`` steps and at the end of the epoch."""
        self._steps += 1
        if self._steps == 1:
            logger.info("the first step took %s, compilation included", duration(event.seconds))
        elif self._steps == 2:
            self._interval.forget_times()
        self._left.add(event)
        self._interval.add(event)
        due = event.at.steps % self.config.system.log_interval == 0 or event.ends_epoch
        if due and self.place.is_main:
            logger.info("%s", self._line(event), extra=FILE_ONLY if self._bar is not None else None)
        if self._bar is not None:
            self._bar.update()
            if due:
                self._bar.set_postfix_str(describe(event.means, event.lr, self._run.term_names), refresh=False)
        if event.ends_epoch:
            self._close_bar()

    def state(self) -> dict[str, float] | None:
        """The first scores of the further data sets."""
        return self._first or None

    def restore(self, state: Any) -> None:
        """Restore them."""
        self._first = dict(state)

    def on_epoch(self, event: EpochEvent) -> None:
        """Log the scores, the best so far, and the file of the weights."""
        if event.evaluation is None:
            return
        parts = [event.evaluation.summary()]
        path = self.commands.weights(epoch_stem(event.at.epoch))
        if event.best is not None:
            parts.append(f"best so far, saved as {event.best}")
        elif event.best_score is not None:
            parts.append(f"best {self._run.indicator} {event.best_score:.4f} of epoch {event.best_epoch}")
        if event.best is None and event.at.epoch and self.place.is_main and path.exists():
            parts.append(f"saved as {path}")
        when = f"epoch {event.at.epoch}/{self._run.epochs}" if event.at.epoch else "before the first epoch"
        logger.info("%s: %s", when, "; ".join(parts))
        for name, other in event.evaluation.also.items():
            logger.info("%s, %s: %s%s", when, name, other.summary(), self._change(name, other))
        if event.last and event.at.epoch < self._run.epochs:
            self._tell_why(event)

    def _change(self, name: str, evaluation: Evaluation) -> str:
        """How far the score of a further data set is from its first one, in this process."""
        score = float(evaluation.scores[self._run.indicator])
        first = self._first.setdefault(name, score)
        return f"; {self._run.indicator} {score - first:+.4f} since the first evaluation"

    def _tell_why(self, event: EpochEvent) -> None:
        """Say why the run ends before its last epoch, unless ``train.max_steps`` ended it."""
        train = self.config.train
        if self.plan.out_of_time:
            logger.info("train.max_minutes: %g minutes are over, so the run ends here", train.max_minutes)
        elif train.patience is not None and not self.plan.reached_max_steps(event.at):
            logger.info("train.patience: no better %s in %s since epoch %d, so the run ends here", self._run.indicator,
                        count(train.patience, "evaluation"), event.best_epoch)  # fmt: skip

    def on_end(self, event: EndEvent) -> None:
        """Log the result of a complete run; errors and signals have their own messages."""
        self._close_bar()
        if event.error is None:
            messages.end(event, self._run, self.files, self.commands, self.place.rank)

    def _line(self, event: StepEvent) -> str:
        device = peak_device_memory(self.place.device)
        memory = f"memory {peak_memory() / 1e9:.1f} GB"
        memory += f", device memory {device / 1e9:.1f} GB" if device is not None else ""
        left = self._left.text(event.at)
        return self._interval.line(event, self._run.epochs, self._run.steps_per_epoch, memory, left)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def describe(means: Mapping[str, float], lr: float, term_names: Sequence[str]) -> str:
    """Numbers of the bar: mean loss and terms of the epoch so far, learning rate, images per second, time waiting."""
    parts = [f"loss {means['loss']:.3f}", *(f"{name} {means[name]:.3f}" for name in term_names), f"lr {lr:.2e}"]
    return ", ".join([*parts, f"{means['images_per_s']:.1f} img/s", f"wait {means['wait_share']:.0%}"])
