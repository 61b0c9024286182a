"""When a run evaluates, saves and ends, and which learning rate it has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mindocr.config import Config
from mindocr.engine.train.progress import Progress


class RunPlan:
    """Decides what is due at a point of a run, given as a :class:`Progress`.

    Args:
        schedule: learning rate of each update.
        steps_per_epoch: batches in an epoch.
    """

    def __init__(self, config: Config, schedule: np.ndarray, steps_per_epoch: int) -> None:
        self.system, self.train, self.epochs = config.system, config.train, config.scheduler.num_epochs
        self.schedule, self.steps_per_epoch = schedule, steps_per_epoch
        self.out_of_time = False
        self._began: float | None = None

    def begin(self, now: float) -> None:
        """Count ``train.max_minutes`` from now, a time of ``time.perf_counter``."""
        self._began = now

    def look_at_clock(self, now: float) -> None:
        """Note in ``out_of_time`` whether ``train.max_minutes`` have passed; nothing else looks at the clock.

        So all decisions at one point of the run see the same.
        """
        minutes = self.train.max_minutes
        if minutes is not None and self._began is not None and now - self._began >= 60 * minutes:
            self.out_of_time = True

    def seconds_left(self, now: float) -> float | None:
        """Seconds until ``train.max_minutes`` are over, at least 0; None without that limit."""
        minutes = self.train.max_minutes
        if minutes is None or self._began is None:
            return None
        return max(60 * minutes - (now - self._began), 0.0)

    def gives_up(self, at: Progress, best_epoch: int) -> bool:
        """Whether ``train.patience`` evaluations have brought no better score; ``best_epoch`` has the best one."""
        patience = self.train.patience
        if patience is None:
            return False
        return self._evaluated(at.epoch) - self._evaluated(best_epoch) >= patience

    def epochs_to_go(self, at: Progress) -> Iterator[int]:
        """Epochs still to train; ``at`` is read again before each."""
        # A run that has reached max_steps already has nothing left to do, also in the middle of an epoch.
        if at.closed and self.reached_max_steps(at):
            return
        for epoch in range(at.next_epoch(self.steps_per_epoch), self.epochs + 1):
            yield epoch
            if self.reached_max_steps(at):
                return

    def lr(self, at: Progress) -> float:
        """Learning rate of the next update."""
        return float(self.schedule[min(at.updates, len(self.schedule) - 1)])

    def reached_max_steps(self, at: Progress) -> bool:
        """Whether ``train.max_steps`` updates have been made, or the time is over."""
        return self.out_of_time or (self.train.max_steps is not None and at.updates >= self.train.max_steps)

    def evaluates_before(self, at: Progress) -> bool:
        """Whether the weights are evaluated before the first step."""
        return self.system.val_while_train and self.system.val_before_train and at.steps == 0

    def ends_epoch(self, at: Progress) -> bool:
        """Whether no batch follows in this epoch."""
        return at.batch == self.steps_per_epoch or self.reached_max_steps(at)

    def is_last(self, at: Progress) -> bool:
        """Whether no epoch follows this one."""
        return at.epoch == self.epochs or self.reached_max_steps(at)

    def evaluates(self, at: Progress) -> bool:
        """Whether an evaluation follows this epoch: by start and interval, and always after the last one."""
        system = self.system
        late = at.epoch - system.val_start_epoch
        return system.val_while_train and (self.is_last(at) or (late >= 0 and late % system.val_interval == 0))

    def to_go(self, at: Progress) -> tuple[int, int, int]:
        """What follows after the step ``at``: steps, epochs that end with an evaluation, and other epochs.

        The epoch of ``at`` counts as one that has not ended. Updates that will be dropped are not foreseen.
        """
        per_epoch = self.steps_per_epoch
        steps = (self.epochs - at.epoch) * per_epoch + per_epoch - at.batch
        if self.train.max_steps is not None:
            accumulation = self.train.gradient_accumulation_steps
            steps = min(steps, max((self.train.max_steps - at.updates) * accumulation - at.steps % accumulation, 0))
        last = at.epoch + -(-max(steps - (per_epoch - at.batch), 0) // per_epoch)
        evaluated = self._evaluated(last) - self._evaluated(at.epoch - 1)
        if self.system.val_while_train and self._evaluated(last) == self._evaluated(last - 1):
            evaluated += 1  # the last epoch, wherever it falls
        return steps, evaluated, last - at.epoch + 1 - evaluated

    def _evaluated(self, epoch: int) -> int:
        """Evaluations that are due up to ``epoch`` by start and interval."""
        late = epoch - self.system.val_start_epoch
        return late // self.system.val_interval + 1 if self.system.val_while_train and late >= 0 else 0

    def saves_state(self, at: Progress) -> bool:
        """Whether the state is saved after this step, within an epoch."""
        interval = self.train.save_interval_steps
        return interval is not None and at.steps % interval == 0
