"""Handles steps with a non-finite loss or gradient: dropped under a loss scaler, otherwise the run stops."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mindocr.data.loading.loader import Batch
from mindocr.engine.train.observers import FailureEvent, Observer
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.errors import UserError

logger = logging.getLogger(__name__)

MAX_DROPS_IN_A_ROW = 30


class LossGuard:
    """Counts good and dropped updates in a :class:`Progress`, and reports failed steps to the observers.

    Args:
        term_names: names of the loss terms, for the message.
        accumulation: batches per update.
        drops: drop updates that overflow instead of stopping; after 30 in a row the run stops anyway.
        observers: get ``on_failure`` for the step that stops the run, and for the first failed step of each dropped
            update; None = no reports.
    """

    def __init__(
        self, term_names: Sequence[str], accumulation: int, *, drops: bool, observers: Observer | None = None
    ) -> None:
        self.term_names, self.accumulation, self.drops = tuple(term_names), accumulation, drops
        self.observers = observers or Observer()
        self._failed = False  # an earlier batch of this update was not finite, so the summed gradients are not

    def note(self, at: Progress, outcome: StepOutcome, batch: Batch | None) -> None:
        """Count the last step, which ``at.steps`` includes already.

        Raises:
            UserError: the step is not finite and not dropped; names step, epoch, terms, images and the capsule.
        """
        completes_update = at.steps % self.accumulation == 0
        if outcome.finite:
            at.updates += completes_update
            at.dropped_in_a_row = 0
            return
        at.dropped += completes_update
        at.dropped_in_a_row += 1
        dropped = self.drops and at.dropped_in_a_row <= MAX_DROPS_IN_A_ROW
        number = at.dropped + (not completes_update)
        hint = None
        if not dropped or not self._failed:
            hint = self.observers.on_failure(FailureEvent(at.copy(), outcome, batch, dropped, number))
        if not dropped:
            raise UserError(self._describe(at, outcome, batch) + (f". {hint}" if hint else ""))
        self._failed = not completes_update
        if hint:
            logger.warning("step %d: gradients not finite, update %d dropped; %s", at.steps, number, hint)

    def _describe(self, at: Progress, outcome: StepOutcome, batch: Batch | None) -> str:
        values = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.term_names, outcome.terms))
        images = f"; images: {', '.join(batch['img_path'])}" if batch else ""
        return (
            f"the loss or its gradient is not finite at step {at.steps} (epoch {at.epoch}): loss {outcome.loss:.4g} "
            f"({values}); the weights are as they were before this step{images}. "
            "Lower scheduler.lr, set train.clip_grad: True, or use system.amp_level: O0"
        )
