"""Why a score is near 0: the causes for any task that fit the statistics, with numbers and remedies. NumPy only."""

from __future__ import annotations

from typing import NamedTuple

from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.utils.wording import count

FEW_UPDATES = 1000  # from random weights, a detector finds nothing before about this number of updates
SCALE_SEARCH = 20  # updates that a dynamic loss scale may drop until it fits


class Cause(NamedTuple):
    """One cause that applies.

    Attributes:
        name: of the cause.
        numbers: the observed numbers, as text.
        remedy: what to change.
        certain: more training will not help, so the cause is reported at once.
    """

    name: str
    numbers: str
    remedy: str
    certain: bool = True


def general_causes(weights: WeightStatistics, run: RunStatistics | None = None) -> list[Cause]:
    """The causes that apply, of those for any task, the most fundamental first.

    Args:
        run: the current training run; None where weights are only evaluated.
    """
    found = [not_finite(weights, run), no_rate(run), not_loaded(weights), too_early(run), stand_still(run)]
    return [cause for cause in found if cause is not None]


def not_finite(weights: WeightStatistics, run: RunStatistics | None, outputs: str = "") -> Cause | None:
    """Outputs, weights or gradients that are not finite; ``outputs`` states the first of them, where there are any."""
    parts = [outputs] if outputs else []
    if weights.bad:
        number = len(weights.bad)
        verb = "has" if number == 1 else "have"
        parts.append(f"{count(number, 'parameter')} {verb} values that are not finite, such as {weights.bad[0]}")
    if run and run.dropped > max(run.updates, SCALE_SEARCH):
        parts.append(f"{run.dropped} updates were dropped because of non-finite gradients, {run.updates} were made")
    if not parts:
        return None
    remedy = (
        "train again from an earlier checkpoint, with a lower scheduler.lr, train.clip_grad: True or "
        "system.amp_level: O0; 'mindocr replay' shows where a failed step overflowed"
    )
    return Cause("not finite", "; ".join(parts), remedy)


def no_rate(run: RunStatistics | None) -> Cause | None:
    """A learning rate of 0."""
    if run is None or run.updates == 0 or run.highest_lr > 0:
        return None
    numbers = f"the learning rate was 0 in {_all(run.updates)}"
    return Cause("learning rate zero", numbers, "raise scheduler.lr, or shorten scheduler.warmup_epochs")


def stand_still(run: RunStatistics | None) -> Cause | None:
    """Weights that the updates of this process have not changed."""
    if run is None or run.own_updates == 0 or run.highest_lr == 0 or run.moved > 0:
        return None
    numbers = (
        f"the first weights have not changed in {count(run.own_updates, 'update')} at learning rates up to "
        f"{run.highest_lr:g}"
    )
    return Cause("weights do not move", numbers, "raise scheduler.lr; check whether the loss depends on these weights")


def not_loaded(weights: WeightStatistics) -> Cause | None:
    """Weights that were never trained."""
    if not weights.norms or weights.untouched < weights.norms:
        return None
    return Cause(
        "weights not loaded",
        f"the running statistics of all {weights.norms} BatchNorm layers are those of a new network",
        "these weights were never trained: name a trained checkpoint (eval.ckpt_load_path), or train",
    )


def too_early(run: RunStatistics | None) -> Cause | None:
    """A run that has just begun."""
    if run is None or run.updates >= FEW_UPDATES:
        return None
    start = "from random weights" if run.from_scratch else "from pretrained weights"
    remedy = "train longer" + ("; model.backbone.pretrained: True starts much better" if run.from_scratch else "")
    return Cause("few updates", f"{count(run.updates, 'update')} so far, {start}", remedy, certain=False)


def _all(updates: int) -> str:
    return f"all {updates} updates" if updates > 1 else "the only update"
