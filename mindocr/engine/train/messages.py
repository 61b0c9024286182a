"""What a run says at its beginning and at its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import mindspore as ms

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.runtime.build import starts_from_weights
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train.checkpoints import CheckpointKeeper
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.resume import SavedState
from mindocr.engine.train.run_log import CSV_NAME, CURVES_NAME

logger = logging.getLogger(__name__)


def beginning(config: Config, place: Runtime, loader: Loader) -> None:
    """Device, precision, data and output folder."""
    train = config.train
    mode = "graph" if config.system.mode == 0 else "PyNative"
    logger.info("mindspore %s on %s, rank %d of %d, %s mode, amp %s", ms.__version__, place.device, place.rank,
                place.world, mode, config.system.amp_level)  # fmt: skip
    logger.info("%d images, %d steps of %d an epoch, %d epochs; files go to %s", len(loader.dataset), len(loader),
                train.loader.batch_size, config.scheduler.num_epochs, train.ckpt_save_dir)  # fmt: skip
    if train.dataset_sink_mode and place.device == "CPU":
        logger.info("train.dataset_sink_mode: a CPU has no data queue, batches are handed over directly")
    logger.info("the first step compiles the network; that takes a while")


def resumed(config: Config, found: SavedState, at: Progress, keeper: CheckpointKeeper, changes: list[str]) -> None:
    """What a resumed run has got back, where it goes on, and in what it differs from the run before (``changes``)."""
    where = f"epoch {at.epoch}, batch {at.batch}" + (", evaluated and saved" if at.closed else "")
    best = f"best score {keeper.best:.4f} of epoch {keeper.best_epoch}" if keeper.best_epoch else "no score so far"
    logger.info("resumed from %s: weights, optimizer, learning rate, loss scale%s%s, random states, data order, top-k "
                "list; %s; step %d, %s", found.path, ", EMA" if config.train.ema else "",
                ", accumulated gradients" if config.train.gradient_accumulation_steps > 1 else "", best, at.steps,
                where)  # fmt: skip
    if starts_from_weights(config.model):
        logger.info("pretrained weights are not loaded: the saved state brings its own")
    if changes:
        logger.warning("not the same run any more; what has changed since the state was saved:\n  %s",
                       "\n  ".join(changes))  # fmt: skip


def stopped(name: str, at: Progress, folder: Path, unsaved: Mapping[str, str]) -> str:
    """How to go on with a run that a signal has ended."""
    saved = f"the state is saved in {folder}"
    if unsaved:
        saved = f"not all is saved in {folder} ({'; '.join(unsaved.values())})"
    return (
        f"{name}: stopped after step {at.steps} (epoch {at.epoch}, batch {at.batch}); {saved}. "
        "To go on, give the same command with -o train.resume=auto"
    )


def end(config: Config, at: Progress, keeper: CheckpointKeeper, indicator: str, skipped: list[str], seconds: float,
        ) -> None:  # fmt: skip
    """Dropped updates, skipped images, the best score (``indicator`` names it) and where the files are."""
    if at.dropped:
        logger.warning("%d updates were dropped for gradients that were not finite", at.dropped)
    if skipped:
        listed = "\n  ".join(skipped)
        logger.warning("%d images were skipped:\n  %s", len(skipped), listed)
    best = f", best {indicator} {keeper.best:.4f} (epoch {keeper.best_epoch})" if keeper.best_epoch else ""
    logger.info("done: %d steps in %.0f s%s; checkpoints, %s and %s are in %s", at.steps, seconds, best, CSV_NAME,
                CURVES_NAME, config.train.ckpt_save_dir)  # fmt: skip
