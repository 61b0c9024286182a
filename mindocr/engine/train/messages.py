"""Log messages at the beginning and at the end of a run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import mindspore as ms

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.runtime.build import starts_from_weights
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train.checkpoints import CheckpointKeeper
from mindocr.engine.train.observers import EndEvent
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.resume import SavedState

logger = logging.getLogger(__name__)


def beginning(config: Config, place: Runtime, loader: Loader) -> None:
    """Log device, precision, data and output folder."""
    train = config.train
    mode = "graph" if config.system.mode == 0 else "PyNative"
    logger.info("mindspore %s on %s, rank %d of %d, %s mode, amp %s", ms.__version__, place.device, place.rank,
                place.world, mode, config.system.amp_level)  # fmt: skip
    logger.info("%d images, %d steps of %d an epoch, %d epochs; files go to %s", len(loader.dataset), len(loader),
                train.loader.batch_size, config.scheduler.num_epochs, train.ckpt_save_dir)  # fmt: skip
    if train.dataset_sink_mode and place.device == "CPU":
        logger.info("train.dataset_sink_mode: a CPU has no data queue, batches are passed directly")
    logger.info("the first step compiles the network; that takes a while")


def resumed(config: Config, found: SavedState, at: Progress, keeper: CheckpointKeeper, changes: list[str]) -> None:
    """Log what was restored, where the run continues, and how it differs from the run before (``changes``)."""
    where = f"epoch {at.epoch}, batch {at.batch}" + (", evaluated and saved" if at.closed else "")
    best = f"best score {keeper.best:.4f} of epoch {keeper.best_epoch}" if keeper.best_epoch else "no score so far"
    logger.info("resumed from %s: weights, optimizer, learning rate, loss scale%s%s, random states, data order, top-k "
                "list; %s; step %d, %s", found.path, ", EMA" if config.train.ema else "",
                ", accumulated gradients" if config.train.gradient_accumulation_steps > 1 else "", best, at.steps,
                where)  # fmt: skip
    if starts_from_weights(config.model):
        logger.info("pretrained weights are not loaded: the saved state contains the weights")
    if changes:
        logger.warning("not the same run any more; changes since the state was saved:\n  %s",
                       "\n  ".join(changes))  # fmt: skip


def stopped(name: str, at: Progress, folder: Path, unsaved: Mapping[str, str]) -> str:
    """Message for a run that a signal has ended, with the way to resume it."""
    saved = f"the state is saved in {folder}"
    if unsaved:
        saved = f"not everything is saved in {folder} ({'; '.join(unsaved.values())})"
    return (
        f"{name}: stopped after step {at.steps} (epoch {at.epoch}, batch {at.batch}); {saved}. "
        "To resume, run the same command with -o train.resume=auto"
    )


def end(event: EndEvent, indicator: str, files: Sequence[str], folder: str) -> None:
    """Log dropped updates, skipped images, the best score (``indicator`` names it) and where the files are."""
    at, result = event.at, event.result
    if at.dropped:
        logger.warning("%d updates were dropped because of non-finite gradients", at.dropped)
    if result.skipped:
        listed = "\n  ".join(result.skipped)
        logger.warning("%d images were skipped:\n  %s", len(result.skipped), listed)
    best = f", best {indicator} {result.best:.4f} (epoch {result.best_epoch})" if result.best is not None else ""
    *others, last = ("checkpoints", *files)
    names = f"{', '.join(others)} and {last}" if others else last
    logger.info("done: %d steps in %.0f s%s; %s are in %s", at.steps, event.seconds, best, names, folder)
