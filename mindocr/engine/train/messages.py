"""Log messages at the beginning and at the end of a run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import mindspore as ms

from mindocr.config import Config
from mindocr.config.time_steps import time_steps
from mindocr.data.datasets.base import ImageDataset
from mindocr.data.loading.line_samplers import describe_shapes
from mindocr.data.loading.loader import Loader
from mindocr.data.transforms.text_line import width_of_lines
from mindocr.engine.runtime.build import starts_from_weights
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train.checkpoints import CheckpointKeeper
from mindocr.engine.train.next_commands import NextCommands
from mindocr.engine.train.observers import EndEvent, StartEvent
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.resume import SavedState
from mindocr.utils import logs
from mindocr.utils.progress import duration
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


def beginning(config: Config, place: Runtime, loader: Loader, notes: Sequence[str] = ()) -> None:
    """Log device, precision, data and output folder, and ``notes`` on settings that do not fit into the run."""
    train = config.train
    mode = "graph" if config.system.mode == 0 else "PyNative"
    logger.info("mindspore %s on %s, rank %d of %d, %s mode, amp %s", ms.__version__, place.device, place.rank,
                place.world, mode, config.system.amp_level)  # fmt: skip
    logger.info("%d images, %d steps of %d an epoch, %d epochs; files go to %s", len(loader.dataset), len(loader),
                train.loader.batch_size, config.scheduler.num_epochs, train.ckpt_save_dir)  # fmt: skip
    if shapes := describe_shapes(loader.sampler):
        logger.info("%s", shapes)
    texts(config, loader)
    if train.dataset_sink_mode and place.device == "CPU":
        logger.info("train.dataset_sink_mode: a CPU has no data queue, batches are passed directly")
    if notes and place.is_main:
        logger.warning("some settings do not fit into the length of this run:\n  %s", "\n  ".join(notes))


def texts(config: Config, loader: Loader) -> None:
    """Log the texts of a data set of text lines, and how many need more time steps than the network computes."""
    counted = getattr(loader.dataset, "label_count", None)
    if counted is None or not counted.steps:
        return
    sizes, dataset = loader.sampler.image_sizes(0), cast(ImageDataset, loader.dataset)
    width = max(w for _, w in sizes) if sizes else width_of_lines(dataset.pipeline)
    steps = None if width is None else time_steps(config.model.model_dump(), width)
    usable, most = counted.total - counted.unusable, max(counted.steps)
    if steps is None:
        logger.info("%s; CTC needs up to %d time steps for one", count(usable, "text"), most)
        return
    beyond = counted.beyond(steps)
    room = f"the network computes {steps} time steps for lines of {width} pixels"
    if beyond:
        logger.warning("%d of %d texts need more time steps than there are, up to %d, and do not count in the loss: "
                       "%s; too_long in the log is the share of such texts", beyond, usable, most, room)  # fmt: skip
    else:
        logger.info("%s, which need up to %d time steps; %s", count(usable, "text"), most, room)


def resumed(config: Config, found: SavedState, at: Progress, keeper: CheckpointKeeper, changes: list[str]) -> None:
    """Log what was restored, where the run continues, and how it differs from the run before (``changes``)."""
    where = f"epoch {at.epoch}, batch {at.batch}" + (", evaluated and saved" if at.closed else "")
    best = f"best score {keeper.best:.4f} of epoch {keeper.best_epoch}" if keeper.has_best else "no score so far"
    logger.info("resumed from %s: weights, optimizer, learning rate, loss scale%s%s, random states, data order, top-k "
                "list; %s; step %d, %s", found.path, ", EMA" if config.train.ema else "",
                ", accumulated gradients" if config.train.gradient_accumulation_steps > 1 else "", best, at.steps,
                where)  # fmt: skip
    if starts_from_weights(config.model):
        logger.info("pretrained weights are not loaded: the saved state contains the weights")
    if changes:
        logger.warning("not the same run any more; changes since the state was saved:\n  %s",
                       "\n  ".join(changes))  # fmt: skip


def stopped(name: str, at: Progress, folder: Path, unsaved: Mapping[str, str], commands: NextCommands) -> str:
    """Message for a run that a signal has ended, with the command that resumes it."""
    saved = f"the state is saved in {folder}"
    if unsaved:
        saved = f"not everything is saved in {folder} ({'; '.join(unsaved.values())})"
    return (
        f"{name}: stopped after step {at.steps} (epoch {at.epoch}, batch {at.batch}); {saved}. To resume, run"
        f"{commands.on_all_ranks}:\n  {commands.resume()}"
    )


def end(event: EndEvent, run: StartEvent, files: Sequence[str], commands: NextCommands, rank: int = 0) -> None:
    """Log dropped updates, skipped images, the best score, where the files are, and what to do next.

    Args:
        run: its beginning, in this process.
        files: what the loggers write in the folder of the run.
        rank: of this process; rank 0 names the next commands.
    """
    at, result = event.at, event.result
    if at.dropped:
        were = "was" if at.dropped == 1 else "were"
        logger.warning("%s %s dropped because of non-finite gradients", count(at.dropped, "update"), were)
    if result.skipped:
        listed = "\n  ".join(result.skipped)
        were = "was" if len(result.skipped) == 1 else "were"
        logger.warning("%s %s skipped:\n  %s", count(len(result.skipped), "image"), were, listed)
    spent = f"done: {count(at.steps, 'step')} in {duration(event.seconds)}"
    if run.resumed and at.steps == run.at.steps:
        logger.info("%s", nothing_left(at, commands))
        spent = f"done before: {count(at.steps, 'step')}"
    best = f", best {run.indicator} {result.best:.4f} (epoch {result.best_epoch})" if result.best is not None else ""
    *others, last = ("checkpoints", *files)
    names = f"{', '.join(others)} and {last}" if others else last
    logger.info("%s%s; %s are in %s", spent, best, names, commands.folder)
    warnings, errors = logs.counted()
    if warnings or errors:
        logger.info("%s and %s above; in %s their lines begin with W or E after the time", count(warnings, "warning"),
                    count(errors, "error"), commands.folder / f"log_{rank}.txt")  # fmt: skip
    follow = commands.after_training(result.best is not None, at.epoch) if rank == 0 else []
    if follow:
        logger.info("next, to evaluate the checkpoint and to find text with it:\n  %s", "\n  ".join(follow))


def nothing_left(at: Progress, commands: NextCommands) -> str:
    """Message for a resumed run that was complete already, with the command that continues it."""
    limit = commands.config.train.max_steps
    if limit is not None and at.updates >= limit:
        done, key, more = f"train.max_steps: {limit} updates are done", "train.max_steps", 2 * limit
    else:
        done = f"epochs 1 to {at.epoch} are done" if at.epoch > 1 else "epoch 1 is done"
        key, more = "scheduler.num_epochs", 2 * at.epoch
    longer = f"{key}={more}"
    return (
        f"{done}, and nothing is left to train; to continue, raise {key} (the learning rate then follows the longer "
        f"schedule), for example -o {longer} train.resume=auto{commands.on_all_ranks}:\n  {commands.resume(longer)}"
    )
