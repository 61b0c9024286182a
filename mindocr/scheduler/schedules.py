"""Learning rate of every optimizer step, as one array.

A schedule is linear warm-up from ``warmup_factor`` * lr over ``warmup_epochs``, then one of the curves below. Time t is
measured in epochs since the end of the warm-up. It advances with every step, or with every epoch (``lr_epoch_stair``);
``step_decay`` and ``multi_step_decay`` are step functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np

from mindocr.errors import ConfigError
from mindocr.registry import suggest
from mindocr.scheduler.shorten import shorten

# An epoch boundary computed as steps / steps_per_epoch - warm-up may fall short of the whole number by rounding.
_ROUNDING = 1e-9


class SchedulerSection(Protocol):
    """The keys of the ``scheduler`` section that are read; durations are in epochs."""

    @property
    def scheduler(self) -> str: ...
    @property
    def lr(self) -> float: ...
    @property
    def min_lr(self) -> float: ...
    @property
    def num_epochs(self) -> int: ...
    @property
    def warmup_epochs(self) -> float: ...
    @property
    def warmup_factor(self) -> float: ...
    @property
    def lr_epoch_stair(self) -> bool: ...
    @property
    def num_cycles(self) -> int: ...
    @property
    def cycle_decay(self) -> float: ...
    @property
    def decay_epochs(self) -> float | None: ...
    @property
    def decay_rate(self) -> float | Sequence[float] | None: ...
    @property
    def milestones(self) -> Sequence[float]: ...


def build_schedule(section: SchedulerSection, steps_per_epoch: int, accumulation: int = 1) -> np.ndarray:
    """Learning rates of a whole run.

    Args:
        section: the ``scheduler`` section. ``decay_epochs`` defaults to ``num_epochs`` - ``warmup_epochs``, divided by
            the number of cycles. Durations that do not fit into ``num_epochs`` are shortened, see
            :func:`~mindocr.scheduler.shorten.shorten`.
        steps_per_epoch: batches in an epoch, above 0.
        accumulation: batches per optimizer step (gradient accumulation), above 0.

    Returns:
        (num_updates,) float32, num_updates = ceil(num_epochs * steps_per_epoch / accumulation). Update u has the rate
        of its first batch, so accumulation does not stretch the curve.

    Raises:
        ConfigError: unknown schedule or values that do not fit together; all problems are listed.
    """
    name = str(section.scheduler).lower()
    if name not in SCHEDULES:
        raise ConfigError(
            f"scheduler.scheduler: unknown schedule '{section.scheduler}'{suggest(name, SCHEDULES)}; known: "
            f"{', '.join(SCHEDULES)}"
        )
    problems = _problems(section, name)
    if steps_per_epoch < 1:
        problems.append(f"an epoch has {steps_per_epoch} batches; use more data or a smaller train.loader.batch_size")
    if accumulation < 1:
        problems.append(f"train.gradient_accumulation_steps: expected at least 1, got {accumulation}")
    if problems:
        raise ConfigError("; ".join(problems))

    section = cast(SchedulerSection, shorten(section))
    num_updates = math.ceil(section.num_epochs * steps_per_epoch / accumulation)
    epochs = np.arange(num_updates, dtype=np.float64) * accumulation / steps_per_epoch
    if section.lr_epoch_stair:
        epochs = np.floor(epochs + _ROUNDING)
    warmup = float(section.warmup_epochs)
    rates = SCHEDULES[name](section, np.maximum(epochs - warmup, 0.0))
    if warmup > 0:
        share = section.warmup_factor + (1.0 - section.warmup_factor) * np.minimum(epochs, warmup) / warmup
        rates = np.where(epochs < warmup, section.lr * share, rates)
    return rates.astype(np.float32)


def constant(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """lr."""
    return np.full_like(t, section.lr)


def polynomial_decay(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """min_lr + (lr - min_lr) * (1 - t / decay_epochs) ** decay_rate, then min_lr."""
    return section.min_lr + (section.lr - section.min_lr) * (1.0 - _progress(section, t)) ** _rates(section)[0]


def cosine_decay(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """min_lr + (lr - min_lr) * (1 + cos(pi * t / decay_epochs)) / 2, then min_lr.

    With several cycles the curve starts again every ``decay_epochs``, at lr times ``cycle_decay`` for each cycle done.
    """
    duration = _duration(section)
    cycle = np.floor(t / duration + _ROUNDING) if duration > 0 else np.full_like(t, section.num_cycles)
    done = cycle >= section.num_cycles
    peak = section.lr * section.cycle_decay ** np.minimum(cycle, section.num_cycles - 1)
    progress = np.where(done, 1.0, np.clip(t / duration - cycle, 0.0, 1.0)) if duration > 0 else np.ones_like(t)
    return section.min_lr + (peak - section.min_lr) * (1.0 + np.cos(np.pi * progress)) / 2.0


def step_decay(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """lr * decay_rate ** floor(t / decay_epochs), not below min_lr."""
    steps = np.floor(t / float(section.decay_epochs or math.inf) + _ROUNDING)
    return np.maximum(section.lr * _rates(section)[0] ** steps, section.min_lr)


def multi_step_decay(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """lr times one rate for every milestone passed, not below min_lr; milestones count from the end of the warm-up."""
    rates = _rates(section)
    factors = np.cumprod([1.0, *(rates if len(rates) > 1 else rates * len(section.milestones))])
    passed = np.searchsorted(section.milestones, t + _ROUNDING, side="right")
    return np.maximum(section.lr * factors[passed], section.min_lr)


def exponential_decay(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """lr * decay_rate ** t, not below min_lr: the rate is the factor of one epoch, applied step by step."""
    return np.maximum(section.lr * _rates(section)[0] ** t, section.min_lr)


SCHEDULES: dict[str, Callable[[SchedulerSection, np.ndarray], np.ndarray]] = {
    "constant": constant,
    "polynomial_decay": polynomial_decay,
    "cosine_decay": cosine_decay,
    "warmup_cosine_decay": cosine_decay,
    "step_decay": step_decay,
    "multi_step_decay": multi_step_decay,
    "exponential_decay": exponential_decay,
}


def _progress(section: SchedulerSection, t: np.ndarray) -> np.ndarray:
    """Share of the decay that is done, in [0, 1]."""
    duration = _duration(section)
    return np.clip(t / duration, 0.0, 1.0) if duration > 0 else np.ones_like(t)


def _duration(section: SchedulerSection) -> float:
    """Length of the curve, of a cosine curve the length of a cycle, in epochs."""
    if section.decay_epochs is not None:
        return section.decay_epochs
    return (section.num_epochs - section.warmup_epochs) / section.num_cycles


def _rates(section: SchedulerSection) -> list[float]:
    if section.decay_rate is None:
        return []
    return list(section.decay_rate) if isinstance(section.decay_rate, Sequence) else [section.decay_rate]


def _problems(section: SchedulerSection, name: str) -> list[str]:
    """Problems of the values, as text."""
    problems = []
    if not section.lr >= 0:
        problems.append(f"scheduler.lr: expected a number of at least 0, got {section.lr}")
    if not 0 <= section.min_lr <= max(section.lr, 0):
        problems.append(f"scheduler.min_lr: expected a number from 0 to lr ({section.lr}), got {section.min_lr}")
    if section.num_epochs < 1:
        problems.append(f"scheduler.num_epochs: expected at least 1, got {section.num_epochs}")
    if section.warmup_epochs < 0:
        problems.append(f"scheduler.warmup_epochs: expected at least 0, got {section.warmup_epochs}")
    if not 0 <= section.warmup_factor <= 1:
        problems.append(f"scheduler.warmup_factor: expected a number from 0 to 1, got {section.warmup_factor}")
    if section.decay_epochs is not None and section.decay_epochs <= 0:
        problems.append(f"scheduler.decay_epochs: expected a number above 0, got {section.decay_epochs}")
    return problems + _curve_problems(section, name)


def _curve_problems(section: SchedulerSection, name: str) -> list[str]:
    """Problems that concern this curve only."""
    problems = []
    is_cosine = name in ("cosine_decay", "warmup_cosine_decay")
    if section.num_cycles != 1 and not is_cosine:
        problems.append(f"scheduler.num_cycles: {name} has no cycles; only cosine_decay has them")
    if is_cosine and section.num_cycles < 1:
        problems.append(f"scheduler.num_cycles: expected at least 1, got {section.num_cycles}")
    elif is_cosine and not 0 < section.cycle_decay <= 1:
        problems.append(f"scheduler.cycle_decay: expected a number above 0, up to 1, got {section.cycle_decay}")
    elif is_cosine and section.lr * section.cycle_decay ** (section.num_cycles - 1) < section.min_lr:
        problems.append(
            f"scheduler.cycle_decay: cycle {section.num_cycles} would start below min_lr {section.min_lr}; lower "
            "min_lr or num_cycles"
        )
    rates = _rates(section)
    if name == "step_decay" and section.decay_epochs is None:
        problems.append("scheduler.decay_epochs: step_decay needs the number of epochs between two steps")
    if name in ("polynomial_decay", "step_decay", "multi_step_decay", "exponential_decay"):
        if not rates or any(not rate > 0 for rate in rates):
            problems.append(f"scheduler.decay_rate: {name} needs a number above 0, got {section.decay_rate}")
        if name != "multi_step_decay" and len(rates) > 1:
            problems.append(f"scheduler.decay_rate: {name} takes one number, got {section.decay_rate}")
    if name == "multi_step_decay":
        milestones = list(section.milestones or [])
        if not milestones:
            problems.append("scheduler.milestones: multi_step_decay needs at least one epoch")
        elif milestones[0] <= 0 or any(b <= a for a, b in zip(milestones, milestones[1:])):
            problems.append(f"scheduler.milestones: expected increasing epochs above 0, got {milestones}")
        if len(rates) > 1 and len(rates) != len(milestones):
            problems.append(f"scheduler.decay_rate: {len(rates)} rates for {len(milestones)} milestones; give one each")
    return problems
