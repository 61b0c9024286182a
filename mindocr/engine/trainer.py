"""Training: epoch, batch, step, log, evaluate, save."""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.config import Config, save_config
from mindocr.data.loader import Batch, Loader, to_mindspore_dataset
from mindocr.engine import assemble, evaluator, runtime
from mindocr.engine.checkpoints import BEST, STATE, CheckpointKeeper, size_of
from mindocr.engine.report import CSV_NAME, CURVES_NAME, Meter, Reporter
from mindocr.engine.step import LossScale, TrainStep
from mindocr.errors import CheckpointError, UserError
from mindocr.optim import EMA, build_optimizer
from mindocr.registry import LOSSES
from mindocr.scheduler import build_schedule

logger = logging.getLogger(__name__)

MAX_DROPS_IN_A_ROW = 30


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
    """
    folder = runtime.prepare_output(config.train.ckpt_save_dir, key="train.ckpt_save_dir")
    runtime.start_logging(folder)
    place = runtime.start(config.system)
    if not place.is_main:
        runtime.start_logging(folder, place.rank)
    with assemble.train_loader(config, place) as loader:
        trainer = Trainer(config, place, folder, loader)
        try:
            return trainer.fit()
        finally:
            trainer.close()


class Trainer:
    """The loop and its collaborators: loader, step, evaluator, keeper of checkpoints, reporter."""

    def __init__(self, config: Config, place: runtime.Runtime, folder: Path, loader: Loader) -> None:
        self.config, self.place, self.folder, self.loader = config, place, folder, loader
        train, scaler = config.train, config.loss_scaler
        self.network = assemble.network(config, training=True)
        self.loss = LOSSES.build(config.loss)
        self.columns = ("image", *self.loss.labels)
        # Weights twice (latest and best), and the state with the optimizer's copies.
        runtime.prepare_output(folder, need_bytes=6 * size_of(self.network), key="train.ckpt_save_dir")

        self.steps_per_epoch = len(loader)
        self.accumulation = train.gradient_accumulation_steps
        self.schedule = build_schedule(config.scheduler, self.steps_per_epoch, self.accumulation)
        self.epochs = config.scheduler.num_epochs
        self.ema = EMA(self.network, train.ema_decay) if train.ema else None
        self.step = self._build_step()
        # A dynamic scale finds its size by overflowing now and then: those updates must go, or the weights would.
        self.drops_overflow = config.system.drop_overflow_update or scaler.type == "dynamic"
        validates = config.system.val_while_train
        self.evaluator = evaluator.build_evaluator(config, self.network) if validates else None
        self.keeper = CheckpointKeeper(folder, train.ckpt_max_keep, train.ckpt_top_k)
        self.result = TrainingResult(folder)
        self.first_epoch, self.first_batch = 1, 0
        self.updates = self.batches_done = 0
        self.dropped = self.dropped_in_a_row = 0
        if train.resume:
            self._resume(folder / STATE if train.resume == "auto" else Path(train.resume))
        self.reporter = Reporter(folder, tensorboard=train.tensorboard, resume=self.result.steps > 0)

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
            accumulation_steps=self.accumulation,
            ema=self.ema,
            reducer=averaged,
        )

    def fit(self) -> TrainingResult:
        """Run all epochs, or until ``train.max_steps`` updates."""
        if self.place.is_main:
            save_config(self.config, self.folder / "config.yaml")
        self._announce()
        started = time.perf_counter()
        for epoch in range(self.first_epoch, self.epochs + 1):
            row = self._train_epoch(epoch)
            self._evaluate_and_save(epoch, row)
            if self._finished():
                break
        self.result.skipped = self.loader.skipped
        self.result.best = self.keeper.best if self.keeper.best_epoch else None
        self.result.best_epoch = self.keeper.best_epoch
        self._conclude(time.perf_counter() - started)
        return self.result

    def close(self) -> None:
        """Write the last curves and free the evaluation workers."""
        self.reporter.close()
        if self.evaluator is not None:
            self.evaluator.close()

    def _train_epoch(self, epoch: int) -> dict[str, Any]:
        self.step.set_train(True)
        meter = Meter(self.loss.term_names)
        start = self.first_batch if epoch == self.first_epoch else 0
        with self.reporter.bar(self.steps_per_epoch, epoch, self.epochs, start) as bar:
            for batch in meter.timed(self._batches(epoch, start)):
                loss, terms, finite = self._run_step(batch)
                self._note_step(epoch, batch, loss, terms, finite)
                meter.add(loss, terms, len(batch["image"]) if batch else self.config.train.loader.batch_size)
                bar.update()
                if self.result.steps % self.config.system.log_interval == 0 or bar.n == bar.total:
                    self.reporter.show(bar, meter.row(), self._lr(), self.loss.term_names)
                if self._finished():
                    break
            self.batches_done = bar.n
        return {"epoch": epoch, "step": self.updates, "lr": self._lr(), **meter.row(), "updates_dropped": self.dropped}

    def _batches(self, epoch: int, start: int) -> Any:
        """Host batches, or None for each batch that the device takes from its own queue (sink mode on Ascend)."""
        if self.config.train.dataset_sink_mode and self.place.device == "Ascend":
            if not hasattr(self, "_sink"):
                queue = to_mindspore_dataset(self.loader, self.columns, range(epoch, self.epochs + 1), start)
                self._sink = ms.data_sink(self.step, queue, sink_size=1)
            return iter([None] * (self.steps_per_epoch - start))
        return self.loader.epoch(epoch, start)

    def _run_step(self, batch: Batch | None) -> tuple[float, np.ndarray, bool]:
        if batch is None:
            total, terms, finite, _ = self._sink()
        else:
            total, terms, finite, _ = self.step(*(ms.Tensor(batch[name]) for name in self.columns))
        return float(total.asnumpy()), terms.asnumpy(), bool(finite.asnumpy())

    def _note_step(self, epoch: int, batch: Batch | None, loss: float, terms: np.ndarray, finite: bool) -> None:
        self.result.steps += 1
        self.result.losses.append(loss)
        completes_update = self.result.steps % self.accumulation == 0
        if finite:
            self.updates += completes_update
            self.dropped_in_a_row = 0
            return
        self.dropped += completes_update
        self.dropped_in_a_row += 1
        if self.drops_overflow and self.dropped_in_a_row <= MAX_DROPS_IN_A_ROW:
            return
        values = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.loss.term_names, terms))
        images = f"; images: {', '.join(batch['img_path'])}" if batch else ""
        raise UserError(
            f"the loss or its gradient is not finite at step {self.result.steps} (epoch {epoch}): loss {loss:.4g} "
            f"({values}); the weights are as they were before this step{images}. "
            "Lower scheduler.lr, set train.clip_grad: True, or use system.amp_level: O0"
        )

    def _evaluate_and_save(self, epoch: int, row: dict[str, Any]) -> None:
        system = self.config.system
        last = epoch == self.epochs or self._finished()
        due = epoch >= system.val_start_epoch and (epoch - system.val_start_epoch) % system.val_interval == 0
        with self.ema.applied() if self.ema is not None else nullcontext():
            score = self._evaluate(epoch, row) if self.evaluator is not None and (due or last) else None
            if self.place.is_main and self.keeper.keep(self.network, epoch, score):
                logger.info("epoch %d: best so far, saved as %s", epoch, self.folder / BEST)
        if self.place.is_main:
            self.keeper.save_state(self.step, self._progress(epoch))
            self.reporter.add_epoch(row)
        self.result.epochs = epoch

    def _evaluate(self, epoch: int, row: dict[str, Any]) -> float:
        evaluation = self.evaluator.run()
        self.result.scores = evaluation.scores
        row.update({k: v for k, v in evaluation.scores.items() if isinstance(v, float)})
        logger.info("epoch %d: %s", epoch, evaluator.summary(evaluation))
        return float(evaluation.scores[self.evaluator.main_indicator])

    def _progress(self, epoch: int) -> dict[str, Any]:
        steps = {"steps": self.result.steps, "updates": self.updates}
        return {"epoch": epoch, "batches_done": self.batches_done, "batches": self.steps_per_epoch, **steps}

    def _resume(self, path: Path) -> None:
        if self.config.train.resume == "auto" and not path.exists():
            logger.info("train.resume: auto, and there is no %s: starting afresh", path)
            return
        progress = self.keeper.load_state(self.step, path)
        if progress["batches"] != self.steps_per_epoch:
            raise CheckpointError(
                f"train.resume: '{path}' comes from epochs of {progress['batches']} batches, now there are "
                f"{self.steps_per_epoch}; resume with the data and the batch size of the configuration saved beside it"
            )
        self.first_epoch, self.first_batch = progress["epoch"], progress["batches_done"]
        if self.first_batch == self.steps_per_epoch:
            self.first_epoch, self.first_batch = self.first_epoch + 1, 0
        self.result.steps, self.updates = progress["steps"], progress["updates"]
        logger.info("resumed from %s: weights, optimizer, loss scale%s, best score %.4f; going on with epoch %d, "
                    "batch %d", path, ", EMA" if self.ema else "", max(self.keeper.best, 0), self.first_epoch,
                    self.first_batch + 1)  # fmt: skip

    def _lr(self) -> float:
        return float(self.schedule[min(self.updates, len(self.schedule) - 1)])

    def _finished(self) -> bool:
        limit = self.config.train.max_steps
        return limit is not None and self.updates >= limit

    def _announce(self) -> None:
        train, place = self.config.train, self.place
        mode = "graph" if self.config.system.mode == 0 else "PyNative"
        logger.info("mindspore %s on %s, rank %d of %d, %s mode, amp %s", ms.__version__, place.device, place.rank,
                    place.world, mode, self.config.system.amp_level)  # fmt: skip
        logger.info("%d images, %d steps of %d an epoch, %d epochs; files go to %s", len(self.loader.dataset),
                    self.steps_per_epoch, train.loader.batch_size, self.epochs, self.folder)  # fmt: skip
        if train.dataset_sink_mode and place.device == "CPU":
            logger.info("train.dataset_sink_mode: a CPU has no data queue, batches are handed over directly")
        logger.info("the first step compiles the network; that takes a while")

    def _conclude(self, seconds: float) -> None:
        if self.dropped:
            logger.warning("%d updates were dropped for gradients that were not finite", self.dropped)
        if self.loader.skipped:
            listed = "\n  ".join(self.loader.skipped)
            logger.warning("%d images were skipped:\n  %s", len(self.loader.skipped), listed)
        best = ""
        if self.keeper.best_epoch:
            best = f", best {self.evaluator.main_indicator} {self.keeper.best:.4f} (epoch {self.keeper.best_epoch})"
        logger.info("done: %d steps in %.0f s%s; checkpoints, %s and %s are in %s", self.result.steps, seconds, best,
                    CSV_NAME, CURVES_NAME, self.folder)  # fmt: skip
