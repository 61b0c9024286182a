"""Training: epoch, batch, step, log, evaluate, save."""

from __future__ import annotations

import logging
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mindspore import nn

from mindocr.config import Config, save_config
from mindocr.data.loading.loader import Batch, Loader
from mindocr.engine.diagnose.failed_step.capsule import Recorder
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.monitor import ZeroWatch
from mindocr.engine.evaluate import evaluator
from mindocr.engine.runtime import build, process, ranks
from mindocr.engine.runtime.signals import Stopped, StopRequest
from mindocr.engine.train import messages, provenance, resume
from mindocr.engine.train.checkpoints import CheckpointKeeper, remove_parts, size_of
from mindocr.engine.train.nonfinite_policy import LossGuard
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.run_log import CSV_NAME, Meter, Reporter
from mindocr.engine.train.run_state import RunState
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.engine.train.step import LossScale, TrainStep
from mindocr.engine.train.step_inputs import Feed
from mindocr.losses.pairing import PairedLoss
from mindocr.optim import EMA, build_optimizer
from mindocr.registry import LOSSES
from mindocr.scheduler import build_schedule

logger = logging.getLogger(__name__)


@dataclass
class TrainingResult:
    """What a run came to; ``losses`` holds the total loss of every step of this process, in order."""

    folder: Path
    steps: int = 0
    epochs: int = 0
    losses: list[float] = field(default_factory=list, repr=False)
    scores: dict[str, Any] | None = None
    best: float | None = None
    best_epoch: int = 0
    skipped: list[str] = field(default_factory=list)


def run(config: Config) -> TrainingResult:
    """Train as ``config`` says; files go to ``train.ckpt_save_dir``.

    Raises:
        UserError: a mistake in the configuration or the data, or a loss that is not finite.
        Stopped: SIGTERM or Ctrl-C; the state is saved.
    """
    folder = process.prepare_output(config.train.ckpt_save_dir, key="train.ckpt_save_dir")
    process.start_logging(folder)
    place = process.start(config.system)
    if not place.is_main:
        process.start_logging(folder, place.rank)
    with (
        StopRequest() as stop,
        ranks.together(place.rank, place.world, folder, place.device),
        build.train_loader(config, place) as loader,
        closing(Trainer(config, place, folder, loader, stop)) as trainer,
    ):
        try:
            return trainer.fit()
        except Stopped as ended:
            stopped = ended
    # Not from within: ranks that end together have not failed.
    raise stopped


class Trainer:
    """The loop and its collaborators: loader, step, guard, evaluator, keeper of checkpoints, reporter."""

    def __init__(self, config: Config, place: process.Runtime, folder: Path, loader: Loader, stop: StopRequest) -> None:
        self.config, self.place, self.folder, self.loader, self.stop = config, place, folder, loader, stop
        train = config.train
        self.epochs = config.scheduler.num_epochs
        self.about = provenance.describe(config, place, loader.dataset)
        found = resume.find(train.resume, folder, place.world)
        if place.is_main:
            remove_parts(folder)
        self.network = build.network(config, training=True, pretrained=found is None, world=place.world)
        self.loss = PairedLoss(LOSSES.build(config.loss), self.network.outputs)
        # Weights twice (latest and best), and the state twice with the optimizer's copies.
        process.prepare_output(folder, need_bytes=10 * size_of(self.network), key="train.ckpt_save_dir")
        self.schedule = build_schedule(config.scheduler, len(loader), train.gradient_accumulation_steps)
        self.ema = EMA(self.network, train.ema_decay) if train.ema else None
        self.step = self._build_step()
        sink = train.dataset_sink_mode and place.device == "Ascend"
        self.feed = Feed(loader, self.step, (*self.network.inputs, *self.loss.labels), self.epochs, sink=sink)
        # A dynamic scale finds its size by overflowing now and then: those updates must go, or the weights would.
        drops = config.system.drop_overflow_update or config.loss_scaler.type == "dynamic"
        recorder = Recorder(config, place, folder, loader, self.step, self.feed.columns, self.schedule)
        self.guard = LossGuard(self.loss.term_names, train.gradient_accumulation_steps, drops=drops, recorder=recorder)
        validates = config.system.val_while_train
        self.evaluator = evaluator.build_evaluator(config, self.network, place) if validates else None
        self.keeper = CheckpointKeeper(folder, train.ckpt_max_keep, train.ckpt_top_k, train.ckpt_format, self.about)
        self.saving = SavePolicy(train.on_save_error)
        self.at, self.meter = Progress(), Meter(self.loss.term_names)
        self.state = RunState(self.step, loader, self.at, self.meter, place)
        if found is not None:
            self._resume(found)
        health = self.evaluator.health if self.evaluator else HealthCheck()
        self.watch = ZeroWatch(config, self.network, health, folder if place.is_main else None, self.schedule)
        self.result = TrainingResult(folder, steps=self.at.steps)
        self.reporter = Reporter(folder, tensorboard=train.tensorboard, resume=found is not None)

    def _resume(self, found: resume.SavedState) -> None:
        self.state.restore(found)
        self.keeper.recall(found.state, found.path)
        messages.resumed(self.config, found, self.at, self.keeper, provenance.differences(found.about, self.about))

    def _build_step(self) -> TrainStep:
        train, scaler, world = self.config.train, self.config.loss_scaler, self.place.world
        optimizer = build_optimizer(self.network, self.config.optimizer, self.schedule)
        averaged = nn.DistributedGradReducer(optimizer.parameters, mean=True, degree=world) if world > 1 else None
        return TrainStep(
            self.network,
            self.loss,
            optimizer,
            LossScale(scaler.type, scaler.loss_scale, scaler.scale_factor, scaler.scale_window),
            clip_norm=train.clip_norm if train.clip_grad else None,
            accumulation_steps=train.gradient_accumulation_steps,
            ema=self.ema,
            reducer=averaged,
            prepare=build.input_layer(self.config),
        )

    def fit(self) -> TrainingResult:
        """Run all epochs, or until ``train.max_steps`` updates."""
        if self.place.is_main:
            save_config(self.config, self.folder / "config.yaml")
        messages.beginning(self.config, self.place, self.loader)
        started = time.perf_counter()
        first = self.at.next_epoch(len(self.loader))
        # A run that has reached max_steps already has nothing left to do, also in the middle of an epoch.
        for epoch in range(first, self.epochs + 1) if not (self.at.closed and self._finished()) else ():
            self._train_epoch(epoch)
            self._evaluate_and_save(epoch)
            if self._finished():
                break
        self.result.steps, self.result.skipped = self.at.steps, self.loader.skipped
        self.result.best = self.keeper.best if self.keeper.best_epoch else None
        self.result.best_epoch = self.keeper.best_epoch
        indicator = self.evaluator.main_indicator if self.evaluator else ""
        messages.end(self.config, self.at, self.keeper, indicator, self.loader.skipped, time.perf_counter() - started)
        self.saving.conclude()
        return self.result

    def close(self) -> None:
        """Write the last curves and free the evaluation workers."""
        self.reporter.close()
        if self.evaluator is not None:
            self.evaluator.close()

    def _train_epoch(self, epoch: int) -> None:
        self.step.set_train(True)
        if self.at.begin_epoch(epoch):
            self.meter.reset()
        self.meter.start()
        with self.reporter.bar(len(self.loader), epoch, self.epochs, self.at.batch) as bar:
            self._stop_if_asked()
            batches = self.feed.batches(epoch, self.at.batch) if not self._finished() else iter(())
            for batch in self.meter.timed(self.stop.until_stopped(batches)):
                self._train_batch(batch)
                bar.update()
                if self.at.steps % self.config.system.log_interval == 0 or bar.n == bar.total:
                    self.reporter.show(bar, self.meter.row(), self._lr(), self.loss.term_names)
                if self._finished():
                    break
                self._stop_if_asked()
                interval = self.config.train.save_interval_steps
                if interval and self.at.steps % interval == 0:
                    self._save_state()
            self._stop_if_asked()

    def _train_batch(self, batch: Batch | None) -> None:
        self.guard.before_step()
        outcome = self.feed.run(batch)
        self.at.steps += 1
        self.at.batch += 1
        self.result.losses.append(outcome.loss)
        self.guard.note(self.at, outcome, batch)
        self.watch.health.add_batch(batch)
        images = len(batch["img_path"]) if batch else self.config.train.loader.batch_size
        self.meter.add(outcome.loss, outcome.terms, images)

    def _stop_if_asked(self) -> None:
        """End the run between two steps, where a signal has asked for it."""
        if self.stop.asked(self.place.world):
            self._save_state()
            self._stop()

    def _stop(self) -> NoReturn:
        logger.info("%s: the run ends after step %d", self.stop.name, self.at.steps)
        raise Stopped(self.stop.number, messages.stopped(self.stop.name, self.at, self.folder, self.saving.unsaved))

    def _evaluate_and_save(self, epoch: int) -> None:
        system = self.config.system
        last = epoch == self.epochs or self._finished()
        due = epoch >= system.val_start_epoch and (epoch - system.val_start_epoch) % system.val_interval == 0
        evaluates = self.evaluator is not None and (due or last)
        row = {"epoch": epoch, "step": self.at.updates, "lr": self._lr(), **self.meter.row()}
        row["updates_dropped"] = self.at.dropped
        if evaluates:
            self._save_state()
        with self.ema.applied() if self.ema is not None else nullcontext():
            score = self._evaluate(epoch, row) if evaluates else None
            self._save_weights(epoch, score)
        if self.place.is_main:
            # Before the state that counts this epoch as done: a run killed in between writes the line once more.
            with self.saving.attempt(CSV_NAME):
                self.reporter.add_epoch(row)
        self.at.closed = True
        self._save_state()
        self.result.epochs = epoch

    def _evaluate(self, epoch: int, row: dict[str, Any]) -> float:
        try:
            # Ranks end together or not at all, so with several of them an evaluation is brought to its end.
            evaluation = self.evaluator.run(self.stop.interrupt if self.place.world == 1 else lambda: None)
        except KeyboardInterrupt:
            if self.stop.number is None:
                raise
            self._stop()
        self.result.scores = evaluation.scores
        row.update({k: v for k, v in evaluation.scores.items() if isinstance(v, float)})
        logger.info("epoch %d: %s", epoch, evaluator.summary(evaluation, self.evaluator.metric))
        score = float(evaluation.scores[self.evaluator.main_indicator])
        self.watch.judge(self.at, score, last=epoch == self.epochs or self._finished())
        return score

    def _save_weights(self, epoch: int, score: float | None) -> None:
        if self.place.is_main:
            with self.saving.attempt("the weights"):
                if self.keeper.keep(self.network.weights(), epoch, score):
                    logger.info("epoch %d: best so far, saved as %s", epoch, self.keeper.path("best"))

    def _save_state(self) -> None:
        parameters, state = self.state.collect()
        if self.place.is_main:
            with self.saving.attempt("the state of the run"):
                self.keeper.save_state(parameters, state)

    def _lr(self) -> float:
        return float(self.schedule[min(self.at.updates, len(self.schedule) - 1)])

    def _finished(self) -> bool:
        limit = self.config.train.max_steps
        return limit is not None and self.at.updates >= limit
