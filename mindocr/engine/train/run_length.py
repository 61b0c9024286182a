"""Whether the run is long enough: for one update, for ``train.max_steps``, for the warm-up."""

from __future__ import annotations

import numpy as np

from mindocr.config import Config
from mindocr.errors import ConfigError
from mindocr.utils.wording import count


def check_length(config: Config, steps_per_epoch: int) -> None:
    """Check that the run makes at least one update.

    Args:
        steps_per_epoch: batches in an epoch.

    Raises:
        ConfigError: gradients of more batches than the run has are accumulated for one update.
    """
    epochs, accumulated = config.scheduler.num_epochs, config.train.gradient_accumulation_steps
    batches = epochs * steps_per_epoch
    if batches < accumulated:
        raise ConfigError(
            f"train.gradient_accumulation_steps: {count(batches, 'batch')} in all ({count(epochs, 'epoch')} of "
            f"{steps_per_epoch}), {accumulated} are needed for one update, so no weight changes; lower it to at most "
            f"{batches}, raise scheduler.num_epochs, or use a smaller train.loader.batch_size"
        )


def length_notes(config: Config, steps_per_epoch: int, schedule: np.ndarray) -> list[str]:
    """What the length of the run means for its updates where that may surprise, ``key: text`` each.

    Args:
        steps_per_epoch: batches in an epoch.
        schedule: learning rate of each update.
    """
    epochs, accumulated = config.scheduler.num_epochs, config.train.gradient_accumulation_steps
    batches, limit = epochs * steps_per_epoch, config.train.max_steps
    possible = batches // accumulated
    notes = []
    if limit is not None and limit > possible:
        notes.append(f"train.max_steps: {limit} updates are not reached; {count(epochs, 'epoch')} of "
                     f"{count(steps_per_epoch, 'batch')} make {possible}, and the run ends with them")  # fmt: skip
    left = batches % accumulated
    if left and (limit is None or limit > possible):
        notes.append(f"train.gradient_accumulation_steps: {count(batches, 'batch')} in all are not a multiple of "
                     f"{accumulated}; the gradients of the last {count(left, 'batch')} are not applied")  # fmt: skip
    updates = min(possible, limit or possible)
    highest, lr = float(schedule[:updates].max(initial=0.0)), config.scheduler.lr
    warmup = "; lower scheduler.warmup_epochs, or make the run longer" if lr > 0 else ""
    if highest == 0:
        notes.append(f"scheduler.lr: the learning rate is 0 in {'all ' if updates > 1 else ''}"
                     f"{count(updates, 'update')} of the run, so no weight changes{warmup}")  # fmt: skip
    elif limit == updates and _in_warmup(schedule, updates):
        notes.append(f"train.max_steps: {count(updates, 'update')} end within the warm-up; the learning rate rises to "
                     f"{highest:.2e}, not to {lr:.2e}{warmup}")  # fmt: skip
    return notes


def _in_warmup(schedule: np.ndarray, updates: int) -> bool:
    """Whether the rate rises in all updates, and goes on rising after them."""
    return len(schedule) > updates and bool(np.all(np.diff(schedule[: updates + 1]) > 0))
