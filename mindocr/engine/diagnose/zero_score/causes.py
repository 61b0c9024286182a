"""Why nothing is found: causes of an f-score of 0 that fit the statistics, with numbers and remedies. NumPy only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mindocr.engine.diagnose.zero_score.detection_statistics import (
    EvaluationStatistics,
    ImageStatistics,
    TrainingStatistics,
)
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.geometry import min_area_quad, pairwise_iou
from mindocr.report.diagnosis import SMALLEST

MOST = 0.5  # a cause applies if it holds for more than this share
FEW_UPDATES = 1000  # from random weights, a detector finds nothing before about this number of updates
SCALE_SEARCH = 20  # updates that a dynamic loss scale may drop until it fits
COMPARED = 50  # images whose detections are compared with the ground truth


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
    found = [_not_finite([], weights, run), _no_rate(run), _not_loaded(weights), _too_early(run), _stand_still(run)]
    return [cause for cause in found if cause is not None]


def find_causes(
    seen: EvaluationStatistics,
    weights: WeightStatistics,
    training: TrainingStatistics | None = None,
    run: RunStatistics | None = None,
) -> list[Cause]:
    """The causes that apply to a detector with a probability map, the most fundamental first.

    Args:
        training, run: of the current training run; None where weights are only evaluated.
    """
    no_positives, not_finite = _no_positives(training), _not_finite(seen.images, weights, run)
    found = [not_finite, _no_rate(run), no_positives, _all_ignored(seen), _too_small(seen), _other_size(seen)]
    found += [_not_loaded(weights), _too_early(run)]
    if no_positives is None:
        found.append(_stand_still(run))  # batches without text have no gradient
    if not_finite is None:
        found += [_below_threshold(seen), _text_everywhere(seen), _no_match(seen)]
    return [cause for cause in found if cause is not None]


def _not_finite(
    images: Sequence[ImageStatistics], weights: WeightStatistics, run: RunStatistics | None
) -> Cause | None:
    maps = sum(not np.isfinite(image.highest) for image in images)
    parts = [f"{maps} of {len(images)} probability maps are not finite"] if maps else []
    if weights.bad:
        parts.append(f"{len(weights.bad)} parameters are not finite, such as {weights.bad[0]}")
    if run and run.dropped > max(run.updates, SCALE_SEARCH):
        parts.append(f"{run.dropped} updates were dropped because of non-finite gradients, {run.updates} were made")
    if not parts:
        return None
    remedy = (
        "train again from an earlier checkpoint, with a lower scheduler.lr, train.clip_grad: True or "
        "system.amp_level: O0; 'mindocr replay' shows where a failed step overflowed"
    )
    return Cause("not finite", "; ".join(parts), remedy)


def _no_rate(run: RunStatistics | None) -> Cause | None:
    if run is None or run.updates == 0 or run.highest_lr > 0:
        return None
    numbers = f"the learning rate was 0 in all {run.updates} updates"
    return Cause("learning rate zero", numbers, "raise scheduler.lr, or shorten scheduler.warmup_epochs")


def _stand_still(run: RunStatistics | None) -> Cause | None:
    if run is None or run.updates == 0 or run.highest_lr == 0 or run.moved > 0:
        return None
    numbers = f"the first weights have not changed in {run.updates} updates at learning rates up to {run.highest_lr:g}"
    return Cause("weights do not move", numbers, "raise scheduler.lr; check whether the loss depends on these weights")


def _no_positives(training: TrainingStatistics | None) -> Cause | None:
    if training is None or not training.images or training.empty <= MOST * training.images:
        return None
    share = training.positive / training.pixels
    numbers = (
        f"{training.empty} of {training.images} training images have no positive pixel ({share:.2%} of all pixels "
        f"are positive); {training.masked / training.pixels:.1%} of the pixels are masked out"
    )
    if training.bordered > MOST * training.empty:
        remedy = "the texts vanish when shrunk: raise ShrinkBinaryMap.shrink_ratio"
    elif training.masked:
        remedy = (
            "the texts are ignored ('###') or below ShrinkBinaryMap.min_text_size in the crops: check the labels, "
            "raise the RandomScale range, or lower min_text_size"
        )
    else:
        remedy = "the crops hold no text: check the labels and RandomCropWithBBox"
    return Cause("no positive pixels", numbers, remedy, certain=training.empty == training.images)


def _all_ignored(seen: EvaluationStatistics) -> Cause | None:
    texts = sum(len(image.truth) for image in seen.images)
    if any(seen.counted()):
        return None
    return Cause(
        "all texts ignored",
        f"none of the {texts} texts in the {len(seen.images)} evaluated images counts",
        "ignored texts are those transcribed '###' or '*': check the labels of eval.dataset",
    )


def _too_small(seen: EvaluationStatistics) -> Cause | None:
    sides = [min(min_area_quad(np.asarray(text) * image.shape[[3, 2]])[1]) for image, text in seen.counted()]
    if not sides or np.mean(np.array(sides) < SMALLEST) <= MOST:
        return None
    sizes = sorted({(round(s[0] * s[2]), round(s[1] * s[3])) for s in (image.shape for image in seen.images)})
    return Cause(
        "texts too small after resize",
        f"{np.mean(np.array(sides) < SMALLEST):.0%} of {len(sides)} texts are below {SMALLEST:g} pixels in the "
        f"network's image (such as {sizes[0][0]} x {sizes[0][1]}), half of them below {np.median(sides):.1f}",
        "evaluate larger images: DetResize.target_size or limit_side_len of the eval pipeline",
    )


def _other_size(seen: EvaluationStatistics) -> Cause | None:
    centres = np.array([np.mean(text, axis=0) / image.shape[[1, 0]] for image, text in seen.counted()])
    if not len(centres):
        return None
    outside = np.mean((centres < 0).any(axis=1) | (centres > 1).any(axis=1))
    numbers = f"{outside:.0%} of {len(centres)} texts are outside their image"
    if outside <= 0.1:
        reach = float(centres.max())
        if len(centres) < 20 or reach > MOST:
            return None
        numbers = f"all {len(centres)} texts are in the top left part of their images, within {reach:.0%} of its sides"
    return Cause(
        "labels and photographs of different sizes",
        numbers,
        "the labels were made for images of another size (or rotated by EXIF): scale the labels or use those images",
    )


def _not_loaded(weights: WeightStatistics) -> Cause | None:
    if not weights.norms or weights.untouched < weights.norms:
        return None
    return Cause(
        "weights not loaded",
        f"the running statistics of all {weights.norms} BatchNorm layers are those of a new network",
        "these weights were never trained: name a trained checkpoint (eval.ckpt_load_path), or train",
    )


def _too_early(run: RunStatistics | None) -> Cause | None:
    if run is None or run.updates >= FEW_UPDATES:
        return None
    start = "from random weights" if run.from_scratch else "from pretrained weights"
    remedy = "train longer" + ("; model.backbone.pretrained: True starts much better" if run.from_scratch else "")
    return Cause("few updates", f"{run.updates} updates so far, {start}", remedy, certain=False)


def _below_threshold(seen: EvaluationStatistics) -> Cause | None:
    if not seen.images or any(len(image.found) for image in seen.images):
        return None
    highest = max(image.highest for image in seen.images)
    above = sum(image.above for image in seen.images)
    given_up: Counter[str] = Counter()
    for image in seen.images:
        given_up.update(image.found.rejections)
    reasons = ", ".join(f"{reason} {count}" for reason, count in given_up.most_common()) or "none"
    numbers = (
        f"highest probability {highest:.3g}; {above} pixels above binary_thresh {seen.binary_thresh:g}; "
        f"rejected regions: {reasons}"
    )
    if not above:
        remedy = "the network sees no text yet: train longer; a lower postprocess.binary_thresh only hides that"
    elif given_up["low score"]:
        remedy = f"train longer, or lower postprocess.box_thresh (now {seen.box_thresh:g})"
    else:
        remedy = "the regions are too small: train longer, or lower postprocess.min_size"
    return Cause("everything below threshold", numbers, remedy, certain=False)


def _text_everywhere(seen: EvaluationStatistics) -> Cause | None:
    shares = [image.above / image.pixels for image in seen.images]
    if not shares or np.median(shares) <= MOST:
        return None
    return Cause(
        "text everywhere",
        f"half of the images have more than {np.median(shares):.0%} of their pixels above binary_thresh",
        "compare NormalizeImage and DecodeImage of the train and eval pipelines; they must produce the same pixels",
        certain=False,
    )


def _no_match(seen: EvaluationStatistics) -> Cause | None:
    pairs = [(image.truth, image.found.polys) for image in seen.images if len(image.found) and len(image.truth)]
    if not pairs:
        return None
    best = max(float(pairwise_iou(*pair).max(initial=0.0)) for pair in pairs[:COMPARED])
    count = sum(len(image.found) for image in seen.images)
    if best < 0.1:
        remedy = "they are elsewhere: check in the picture whether the labels belong to other images or sizes"
    else:
        remedy = "they are on the texts, but do not match: fit postprocess.expand_ratio, or train longer"
    return Cause("no detection matches", f"{count} detections, best IoU {best:.2f}", remedy, certain=False)
