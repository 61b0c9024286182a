"""Training: epoch, batch, step, observers, evaluate, save."""

from __future__ import annotations

import logging
import time
from contextlib import closing, nullcontext
from typing import NoReturn

from mindocr.config import Config, save_config
from mindocr.data.loading.loader import Batch
from mindocr.engine.evaluate.evaluator import Evaluation, Evaluator
from mindocr.engine.runtime import build, process, ranks
from mindocr.engine.runtime.signals import StopRequest
from mindocr.engine.train import earlier_run, messages, run_folder
from mindocr.engine.train.next_commands import Started
from mindocr.engine.train.observers import EndEvent, EpochEvent, StartEvent, StepEvent
from mindocr.engine.train.result import TrainingResult
from mindocr.engine.train.run_parts import RunParts, build_parts
from mindocr.inference import dictionary
from mindocr.utils.interrupts import Stopped
from mindocr.utils.logs import FILE_ONLY, errors_in_the_file

logger = logging.getLogger(__name__)


def run(config: Config, started: Started = Started()) -> TrainingResult:  # noqa: B008  it is frozen
    """Train as ``config`` says; files go to ``train.ckpt_save_dir``.

    Args:
        config: what to train.
        started: the command that started the run, for the commands in its messages.

    Raises:
        UserError: a mistake in the configuration or the data, another run in this folder, or a loss that is not finite.
        Stopped: SIGTERM or Ctrl-C; the state is saved.
    """
    config = dictionary.complete(config, dictionary.pretrained_of(config), "model.pretrained")
    folder = process.prepare_output(config.train.ckpt_save_dir, key="train.ckpt_save_dir")
    process.start_logging(folder, held=True)  # the file may be that of another run
    place = process.start(config.system)
    if not place.is_main:
        process.start_logging(folder, place.rank, held=True)
    with (
        errors_in_the_file(),
        StopRequest() as stop,
        ranks.together(place.rank, place.world, folder, place.device),
        run_folder.claimed(folder, place),
        build.train_loader(config, place) as loader,
        closing(build_parts(config, place, folder, loader, started)) as parts,
    ):
        moved_to = run_folder.make_room(parts, folder)
        try:
            result = Trainer(parts, stop).fit()
            if moved_to is not None:
                logger.info("%s", earlier_run.reminder(moved_to))
            return result
        except Stopped as ended:
            stopped = ended
    # Raised outside the block: ranks that end together have not failed.
    raise stopped


class Trainer:
    """The training loop.

    Args:
        parts: the objects of the run.
        stop: reports whether a signal asks the run to end.
    """

    def __init__(self, parts: RunParts, stop: StopRequest) -> None:
        self.parts, self.stop, self.place = parts, stop, parts.place
        self.at, self.meter, self.plan = parts.at, parts.meter, parts.plan
        self.observers, self.saver = parts.observers, parts.saver
        self.folder = parts.saver.keeper.folder
        self.term_names = parts.guard.term_names
        self.result = TrainingResult(self.folder, steps=self.at.steps)

    def fit(self) -> TrainingResult:
        """Run all epochs, or until ``train.max_steps`` updates."""
        if self.place.is_main:
            save_config(self.parts.config, self.folder / "config.yaml")
        started, error = time.perf_counter(), None
        try:
            self.plan.begin(started)
            self.observers.on_start(self._start_event())
            if self.plan.evaluates_before(self.at):
                self._evaluate_before()
            for epoch in self.plan.epochs_to_go(self.at):
                self._train_epoch(epoch)
                self._evaluate_and_save()
                if self._ends_early():
                    break
        except BaseException as reason:
            error = reason
            raise
        finally:
            self._complete_result()
            self.observers.on_end(EndEvent(self.at.copy(), self.result, time.perf_counter() - started, error))
        self.saver.policy.conclude()
        return self.result

    def _train_epoch(self, epoch: int) -> None:
        self.parts.step.set_train(True)
        if self.at.begin_epoch(epoch):
            self.meter.reset()
        self.meter.start()
        self._stop_if_asked()
        batches = iter(()) if self.plan.reached_max_steps(self.at) else self.parts.feed.batches(epoch, self.at.batch)
        for batch in self.meter.timed(self.stop.until_stopped(batches)):
            self._train_batch(batch)
            self.plan.look_at_clock(time.perf_counter())
            if self.plan.reached_max_steps(self.at):
                break
            self._stop_if_asked()
            if self.plan.saves_state(self.at):
                self.saver.save_state()
        self._stop_if_asked()

    def _train_batch(self, batch: Batch | None) -> None:
        lr = self.plan.lr(self.at)
        self.observers.on_step_begin(self.at.copy())
        outcome = self.parts.feed.run(batch)
        self.at.steps += 1
        self.at.batch += 1
        self.result.losses.append(outcome.loss)
        self.parts.guard.note(self.at, outcome, batch)
        images = len(batch["img_path"]) if batch else self.parts.config.train.loader.batch_size
        self.meter.add(outcome.loss, outcome.terms, images)
        terms = dict(zip(self.term_names, map(float, outcome.terms)))
        means, ends_epoch = self.meter.row(), self.plan.ends_epoch(self.at)
        times = self.meter.step_seconds, self.meter.step_waited
        self.observers.on_step(StepEvent(self.at.copy(), outcome, terms, lr, images, batch, means, ends_epoch, *times))

    def _evaluate_and_save(self) -> None:
        numbers = {"epoch": self.at.epoch, "step": self.at.updates, "lr": self.plan.lr(self.at), **self.meter.row()}
        numbers["updates_dropped"] = self.at.dropped
        evaluator = self.parts.evaluator if self.plan.evaluates(self.at) else None
        if evaluator is not None:
            self.saver.save_state()
        ema, evaluation, score = self.parts.step.ema, None, None
        with ema.applied() if ema is not None else nullcontext():
            if evaluator is not None:
                evaluation = self._evaluate(evaluator)
                score = float(evaluation.scores[evaluator.main_indicator])
            best = self.saver.save_weights(self.at.epoch, score)
            last = self.plan.is_last(self.at) or self._ends_early()
            # Before the state that counts this epoch as done: a run killed in between reports it again.
            keeper = self.saver.keeper
            top = (keeper.best, keeper.best_epoch) if keeper.has_best else (None, 0)
            self.observers.on_epoch(EpochEvent(self.at.copy(), numbers, evaluation, score, best, last, *top))
        self.at.closed = True
        self.saver.save_state()
        self.result.epochs = self.at.epoch

    def _evaluate_before(self) -> None:
        """Evaluate and save the weights from which training starts, as those of epoch 0."""
        evaluator, at = self.parts.evaluator, self.at.copy()
        assert evaluator is not None  # the plan says that the run evaluates
        at.epoch = 0
        evaluation = self._evaluate(evaluator)
        score = float(evaluation.scores[evaluator.main_indicator])
        best = self.saver.save_weights(0, score)
        numbers = {"epoch": 0, "step": 0}
        self.observers.on_epoch(EpochEvent(at, numbers, evaluation, score, best, False, self.saver.keeper.best, 0))

    def _ends_early(self) -> bool:
        """Whether the time is over, or the score has not risen for so long that the run gives up."""
        self.plan.look_at_clock(time.perf_counter())
        keeper = self.saver.keeper
        return self.plan.out_of_time or (keeper.has_best and self.plan.gives_up(self.at, keeper.best_epoch))

    def _evaluate(self, evaluator: Evaluator) -> Evaluation:
        try:
            # Ranks end only together, so with several of them an evaluation is completed first.
            evaluation = evaluator.run(self.stop.interrupt if self.place.world == 1 else lambda: None)
        except KeyboardInterrupt:
            if self.stop.number is None:
                raise
            self._stop()
        self.result.scores = evaluation.scores
        return evaluation

    def _stop_if_asked(self) -> None:
        """End the run between two steps if a signal has asked for it."""
        if self.stop.asked(self.place.world):
            self.saver.save_state()
            self._stop()

    def _stop(self) -> NoReturn:
        name, unsaved = self.stop.name, self.saver.policy.unsaved
        logger.info("%s: the run ends after step %d", name, self.at.steps)
        assert self.stop.number is not None  # a signal has come
        message = messages.stopped(name, self.at, self.folder, unsaved, self.parts.commands)
        logger.info("%s", message, extra=FILE_ONLY)
        raise Stopped(self.stop.number, message)

    def _start_event(self) -> StartEvent:
        evaluator, plan, resumed = self.parts.evaluator, self.plan, self.parts.resumed_from is not None
        indicator = evaluator.main_indicator if evaluator is not None else ""
        return StartEvent(self.at.copy(), plan.epochs, plan.steps_per_epoch, self.term_names, indicator, resumed)

    def _complete_result(self) -> None:
        keeper, result = self.saver.keeper, self.result
        result.steps, result.skipped = self.at.steps, self.parts.loader.skipped
        result.best, result.best_epoch = keeper.best if keeper.has_best else None, keeper.best_epoch
