"""What becomes of a step whose loss or gradients are not finite: dropped under a loss scaler, else the run stops."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mindocr.data.loading.loader import Batch
from mindocr.engine.diagnose.failed_step.capsule import Recorder
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.errors import UserError

logger = logging.getLogger(__name__)

MAX_DROPS_IN_A_ROW = 30
# A scale that finds its size drops one or two; the tenth and the hundredth say that something else is wrong.
RECORDED_DROPS = (1, 10, 100)


class LossGuard:
    """Counts good and dropped updates in a :class:`Progress`, and has failed steps written down in capsules.

    Args:
        term_names: names of the loss terms, for the message.
        accumulation: batches to one update.
        drops: leave out updates that overflow instead of stopping; after 30 in a row the run stops all the same.
        recorder: writes the capsule of the step that stops the run, and of the dropped updates 1, 10 and 100; None
            writes none.
    """

    def __init__(
        self, term_names: Sequence[str], accumulation: int, *, drops: bool, recorder: Recorder | None = None
    ) -> None:
        self.term_names, self.accumulation, self.drops = tuple(term_names), accumulation, drops
        self.recorder = recorder
        self._spoilt = False  # an earlier batch of this update was not finite, so its gradients never will be

    def before_step(self) -> None:
        """Call it before each step: a failed one may change the loss scale that it ran with."""
        if self.recorder is not None:
            self.recorder.before_step()

    def note(self, at: Progress, outcome: StepOutcome, batch: Batch | None) -> None:
        """Take note of the step that ``at.steps`` counted last.

        Raises:
            UserError: not finite, and not to be dropped; names step, epoch, terms, images and the capsule.
        """
        completes_update = at.steps % self.accumulation == 0
        if outcome.finite:
            at.updates += completes_update
            at.dropped_in_a_row = 0
            return
        at.dropped += completes_update
        at.dropped_in_a_row += 1
        if not self.drops or at.dropped_in_a_row > MAX_DROPS_IN_A_ROW:
            raise UserError(self._describe(at, outcome, batch))
        first = not self._spoilt
        self._spoilt = not completes_update
        if first:
            self._record_drop(at, outcome, batch, at.dropped + (not completes_update))

    def _record_drop(self, at: Progress, outcome: StepOutcome, batch: Batch | None, number: int) -> None:
        path = None
        if self.recorder is not None and number in RECORDED_DROPS:
            path = self.recorder.record(at, outcome, batch, dropped=True)
        if path is not None:
            logger.warning("step %d: gradients not finite, update %d dropped; %s", at.steps, number, _see(path))

    def _describe(self, at: Progress, outcome: StepOutcome, batch: Batch | None) -> str:
        path = self.recorder.record(at, outcome, batch, dropped=False) if self.recorder is not None else None
        values = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.term_names, outcome.terms))
        images = f"; images: {', '.join(batch['img_path'])}" if batch else ""
        return (
            f"the loss or its gradient is not finite at step {at.steps} (epoch {at.epoch}): loss {outcome.loss:.4g} "
            f"({values}); the weights are as they were before this step{images}. "
            "Lower scheduler.lr, set train.clip_grad: True, or use system.amp_level: O0"
            + (f". {_see(path)}" if path is not None else "")
        )


def _see(path: object) -> str:
    return f"'mindocr replay {path}' names layer, loss term and image"
