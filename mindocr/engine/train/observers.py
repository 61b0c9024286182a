"""Observers of a training run: the events that the trainer reports, the base class, and the list of observers.

One run makes these calls, in this order::

    restore                        a resumed run only
    on_start
      on_step_begin                each batch, before its step
      on_failure                   a step that is not finite
      on_step                      each step, unless its failure stops the run
      on_epoch                     each epoch, after its evaluation and after its weights are saved
    on_end                         always, also after an error or a signal

``state`` is called whenever the state of the run is saved. Each event goes to all observers in their order: the log,
the zero-score watch, the recorder of failed steps, then the loggers of ``train.loggers``. The loggers exist on rank 0
alone, the others on every rank. An observer must not communicate with other ranks: they do not wait for it.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindocr.errors import UserError

if TYPE_CHECKING:
    from mindocr.data.loading.loader import Batch
    from mindocr.engine.evaluate.evaluator import Evaluation
    from mindocr.engine.train.progress import Progress
    from mindocr.engine.train.result import TrainingResult
    from mindocr.engine.train.step_inputs import StepOutcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartEvent:
    """The run begins, or is resumed.

    Attributes:
        at: epoch, batch, steps and updates so far; a copy, as in every event.
        epochs: the last epoch of the run, from 1.
        steps_per_epoch: batches in an epoch.
        term_names: names of the loss terms.
        indicator: name of the score that chooses the best weights; empty where nothing is evaluated.
        resumed: the run continues from a saved state.
    """

    at: Progress
    epochs: int
    steps_per_epoch: int
    term_names: tuple[str, ...]
    indicator: str
    resumed: bool


@dataclass(frozen=True)
class StepEvent:
    """One step is done.

    Attributes:
        at: counts this step.
        outcome: ``loss`` of the batch; ``norm`` of all gradients, before clipping; ``finite``, False where the update
            was dropped because the gradients were not finite.
        terms: name -> loss term of the batch.
        lr: learning rate of the update that this batch belongs to.
        images: images in the batch.
        batch: column name -> values, (N, ...) each; None where the device took the batch from its own queue.
        means: the epoch so far: mean ``loss`` and terms, ``images_per_s``, ``wait_share`` (share of the time spent
            waiting for data, 0 to 1), ``seconds``.
        ends_epoch: this is the last step of the epoch.
        seconds: duration of the step, from the end of the one before, or from the start of the epoch.
        waited: the part of it that was spent waiting for data, in seconds.
    """

    at: Progress
    outcome: StepOutcome
    terms: Mapping[str, float]
    lr: float
    images: int
    batch: Batch | None
    means: Mapping[str, float]
    ends_epoch: bool
    seconds: float = 0.0
    waited: float = 0.0


@dataclass(frozen=True)
class FailureEvent:
    """The loss or the gradients of a step are not finite.

    Attributes:
        at: counts this step.
        outcome: loss, terms and norm of the step.
        batch: as in :class:`StepEvent`.
        dropped: the update is dropped and the run continues; False = the run stops.
        number: updates that the run has lost so far, including this one.
    """

    at: Progress
    outcome: StepOutcome
    batch: Batch | None
    dropped: bool
    number: int


@dataclass(frozen=True)
class EpochEvent:
    """An epoch is done, evaluated if that was due, and its weights are saved.

    With ``system.val_before_train`` there is one more such event before the first step, of epoch 0.

    Attributes:
        at: its ``epoch`` is the one that is done.
        numbers: of the training: ``epoch``, ``step`` (updates), ``lr``, the means of :class:`StepEvent`,
            ``updates_dropped``.
        evaluation: result of the evaluation, or None.
        score: the score that chooses the best weights, or None.
        best: the file of the best weights where this epoch's are the best so far, else None.
        last: no epoch follows.
        best_score, best_epoch: the best score of the whole run so far, and its epoch; None and 0 without one.
    """

    at: Progress
    numbers: Mapping[str, float]
    evaluation: Evaluation | None
    score: float | None
    best: Path | None
    last: bool
    best_score: float | None = None
    best_epoch: int = 0

    @property
    def scores(self) -> dict[str, float]:
        """The numbers of the evaluation; empty without one."""
        return {} if self.evaluation is None else self.evaluation.numbers()

    @property
    def row(self) -> dict[str, float]:
        """All numbers of the epoch by name: those of the training, then the scores."""
        return {**self.numbers, **self.scores}


@dataclass(frozen=True)
class EndEvent:
    """The run ends.

    Attributes:
        at: where it ends.
        result: what ``trainer.run`` returns where no error ended the run.
        seconds: duration of this process's part of the run.
        error: None after the last epoch; ``Stopped`` after a signal; else the error that ended the run.
    """

    at: Progress
    result: TrainingResult
    seconds: float
    error: BaseException | None


class Observer:
    """Base class: hooks that do nothing. An observer overrides those that it needs.

    An exception in a hook does not end the run: the first failure of each hook is logged as a warning, and the hook is
    called again at the next event. So a lost connection or a full disk damages the record, not the training. Two kinds
    of exceptions do end the run: a :class:`~mindocr.errors.UserError`, which an observer raises on purpose, and those
    that are not derived from ``Exception``, such as KeyboardInterrupt.

    Attributes:
        writes: name of the file or folder that the observer writes in the folder of the run; empty = none.
    """

    writes: str = ""

    def on_start(self, event: StartEvent) -> None:
        """Called once, before the first batch is loaded. Open files and connections here, not in the constructor."""

    def on_step_begin(self, at: Progress) -> None:
        """Called before each step, when its batch is loaded; ``at`` does not count the step yet."""

    def on_step(self, event: StepEvent) -> None:
        """Called after each step, also where its update was dropped, but not after the step that stops the run."""

    def on_failure(self, event: FailureEvent) -> str | None:
        """Called after a step that is not finite: before ``on_step``, or before the run stops.

        Returns:
            A hint that helps to find the cause, such as a command, for the message of the failure; or None.
        """
        return None

    def on_epoch(self, event: EpochEvent) -> None:
        """Called after each epoch, before the state that counts it as done is saved.

        A run that is killed in between repeats the call for the same epoch when it is resumed. With ``train.ema`` the
        network holds the averaged weights, which were evaluated.
        """

    def on_end(self, event: EndEvent) -> None:
        """Called once, at the end of every run that is not killed. Here a UserError, too, is only logged."""

    def state(self) -> Any:
        """State that a resumed run needs, in JSON types; None = nothing. Keep it small."""
        return None

    def restore(self, state: Any) -> None:
        """Restore what :meth:`state` returned; called before ``on_start``, and not if that was None."""


class Observers(Observer):
    """Several observers as one.

    Args:
        observers: name -> observer, in the order of the calls; the name appears in warnings and in the saved state.
    """

    def __init__(self, observers: Mapping[str, Observer] | None = None) -> None:
        self.observers = dict(observers or {})
        self._failures: Counter[tuple[str, str]] = Counter()

    def on_start(self, event: StartEvent) -> None:
        self._call_all("on_start", event)

    def on_step_begin(self, at: Progress) -> None:
        self._call_all("on_step_begin", at)

    def on_step(self, event: StepEvent) -> None:
        self._call_all("on_step", event)

    def on_failure(self, event: FailureEvent) -> str | None:
        """The hints of all observers, as one text."""
        hints = self._call_all("on_failure", event).values()
        return "; ".join(hint for hint in hints if hint) or None

    def on_epoch(self, event: EpochEvent) -> None:
        self._call_all("on_epoch", event)

    def on_end(self, event: EndEvent) -> None:
        self._call_all("on_end", event, may_stop=False)
        for (name, hook), count in self._failures.items():
            if count > 1:
                logger.warning("%s: %s failed %d times in this run", name, hook, count)

    def state(self) -> dict[str, Any]:
        """Name -> state of each observer that has one."""
        states = self._call_all("state")
        return {name: state for name, state in states.items() if state is not None and self._can_be_saved(name, state)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Pass each observer its own part; an observer without a saved part is not called."""
        for name, part in state.items():
            if name in self.observers:
                self._call(name, "restore", part)

    def _call_all(self, hook: str, *arguments: Any, may_stop: bool = True) -> dict[str, Any]:
        return {name: self._call(name, hook, *arguments, may_stop=may_stop) for name in self.observers}

    def _call(self, name: str, hook: str, *arguments: Any, may_stop: bool = True) -> Any:
        try:
            return getattr(self.observers[name], hook)(*arguments)
        except Exception as error:  # an observer may raise anything, and training must continue
            if may_stop and isinstance(error, UserError):
                raise
            self._note_failure(name, hook, error)
            return None

    def _can_be_saved(self, name: str, state: Any) -> bool:
        try:
            json.dumps(state)
        except (TypeError, ValueError, RecursionError) as error:
            self._note_failure(name, "state", error)
            return False
        return True

    def _note_failure(self, name: str, hook: str, error: Exception) -> None:
        self._failures[name, hook] += 1
        if self._failures[name, hook] > 1:
            return
        where = traceback.extract_tb(error.__traceback__)[-1]
        logger.warning("%s: %s failed (%s: %s; %s, line %s). Training continues; only this record may be incomplete",
                       name, hook, type(error).__name__, error, where.filename, where.lineno)  # fmt: skip
