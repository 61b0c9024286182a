"""Why a detector scores near 0: the causes that fit its probability maps, its polygons and the labels. NumPy only."""

from __future__ import annotations

from collections import Counter

import numpy as np

from mindocr.engine.diagnose.zero_score.causes import Cause, no_rate, not_finite, not_loaded, stand_still, too_early
from mindocr.engine.diagnose.zero_score.detection_statistics import EvaluationStatistics, TrainingStatistics
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.geometry import min_area_quad, pairwise_iou
from mindocr.report.diagnosis import SMALLEST
from mindocr.utils.wording import count

MOST = 0.5  # a cause applies if it holds for more than this share
COMPARED = 50  # images whose detections are compared with the ground truth
MATCH = 0.5  # IoU from which a text counts as covered by a detection


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
    no_positives, broken = _no_positives(training), not_finite(weights, run, _broken_maps(seen))
    found = [broken, no_rate(run), no_positives, _no_text_counts(seen), _too_small(seen), _other_size(seen)]
    found += [not_loaded(weights), too_early(run)]
    if no_positives is None:
        found.append(stand_still(run))  # batches without text have no gradient
    if broken is None:
        found += [_no_pixel(seen), _all_rejected(seen), _text_everywhere(seen), _few_found(seen)]
    return [cause for cause in found if cause is not None]


def _broken_maps(seen: EvaluationStatistics) -> str:
    maps = sum(not np.isfinite(image.highest) for image in seen.images)
    verb = "has" if maps == 1 else "have"
    return f"{maps} of {count(len(seen.images), 'probability map')} {verb} values that are not finite" if maps else ""


def _no_positives(training: TrainingStatistics | None) -> Cause | None:
    if training is None or not training.images or training.empty <= MOST * training.images:
        return None
    share = training.positive / training.pixels
    numbers = (
        f"{training.empty} of {count(training.images, 'training image')} have no positive pixel ({share:.2%} of all "
        f"pixels are positive); {training.masked / training.pixels:.1%} of the pixels are masked out"
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
    return Cause("images without positive pixels", numbers, remedy, certain=training.empty == training.images)


def _no_text_counts(seen: EvaluationStatistics) -> Cause | None:
    texts, images = sum(len(image.truth) for image in seen.images), count(len(seen.images), "evaluated image")
    if any(seen.counted()):
        return None
    numbers = f"all {texts} texts in {images} are ignored" if texts else f"there is no text in {images}"
    remedy = "ignored texts are those transcribed '###' or '*': check the labels of eval.dataset"
    return Cause("no text counts", numbers, remedy if texts else "check the labels of eval.dataset")


def _too_small(seen: EvaluationStatistics) -> Cause | None:
    sides = [min(min_area_quad(np.asarray(text) * image.shape[[3, 2]])[1]) for image, text in seen.counted()]
    small = int(np.count_nonzero(np.array(sides) < SMALLEST))
    if small <= MOST * len(sides):
        return None
    sizes = sorted({(round(s[0] * s[2]), round(s[1] * s[3])) for s in (image.shape for image in seen.images)})
    return Cause(
        "texts too small after resize",
        f"the shorter side of {small} of {count(len(sides), 'text')} is below {SMALLEST:g} pixels in the network's "
        f"image (such as {sizes[0][0]} x {sizes[0][1]}); the median is {np.median(sides):.1f}",
        "evaluate larger images: DetResize.target_size or limit_side_len of the eval pipeline",
    )


def _other_size(seen: EvaluationStatistics) -> Cause | None:
    centres = np.array([np.mean(text, axis=0) / image.shape[[1, 0]] for image, text in seen.counted()])
    if not len(centres):
        return None
    outside = int(np.count_nonzero((centres < 0).any(axis=1) | (centres > 1).any(axis=1)))
    numbers = f"the centres of {outside} of {count(len(centres), 'text')} are outside their image"
    if outside <= 0.1 * len(centres):
        reach = float(centres.max())
        if len(centres) < 20 or reach > MOST:
            return None
        numbers = f"the centres of all {len(centres)} texts are in the top left {reach:.0%} of their images' sides"
    return Cause(
        "labels and photographs of different sizes",
        numbers,
        "the labels were made for images of another size (or rotated by EXIF): scale the labels or use those images",
    )


def _no_pixel(seen: EvaluationStatistics) -> Cause | None:
    if not seen.images or any(image.above or len(image.found) for image in seen.images):
        return None
    return Cause(
        "no probability above threshold",
        f"the highest probability in {count(len(seen.images), 'image')} is "
        f"{max(image.highest for image in seen.images):.4g}, {seen.threshold_name} is {seen.text_threshold:g}",
        f"the network sees no text yet: train longer; a lower postprocess.{seen.threshold_name} only hides that",
        certain=False,
    )


def _all_rejected(seen: EvaluationStatistics) -> Cause | None:
    above = sum(image.above for image in seen.images)
    if not above or any(len(image.found) for image in seen.images):
        return None
    given_up: Counter[str] = Counter()
    for image in seen.images:
        given_up.update(image.found.rejections)
    total, pixels = sum(given_up.values()), sum(image.pixels for image in seen.images)
    reasons = ", ".join(f"{reason} {number}" for reason, number in given_up.most_common())
    numbers = (
        f"{above} of {pixels} pixels are above {seen.threshold_name} {seen.text_threshold:g}, the highest probability "
        f"is {max(image.highest for image in seen.images):.4g}; {count(total, 'region')} rejected"
        f"{f': {reasons}' if reasons else ''}"
    )
    if given_up["low score"]:
        remedy = f"train longer, or lower postprocess.box_thresh (now {seen.box_thresh:g})"
    elif any("too small" in reason for reason in given_up):
        remedy = "the regions are too small: train longer, or lower postprocess.min_size"
    else:
        remedy = "train longer"
    return Cause("every region rejected", numbers, remedy, certain=False)


def _text_everywhere(seen: EvaluationStatistics) -> Cause | None:
    shares = [image.above / image.pixels for image in seen.images]
    if not shares or np.median(shares) <= MOST:
        return None
    full = sum(share > MOST for share in shares)
    return Cause(
        "text everywhere",
        f"in {full} of {count(len(shares), 'image')} more than {MOST:.0%} of the pixels are above "
        f"{seen.threshold_name} {seen.text_threshold:g}; the median is {np.median(shares):.0%}",
        "compare NormalizeImage and DecodeImage of the train and eval pipelines; they must produce the same pixels",
        certain=False,
    )


def _few_found(seen: EvaluationStatistics) -> Cause | None:
    pairs = []
    for image in seen.images:
        counted = [text for text, no in zip(image.truth, image.ignore) if not no]
        if len(image.found) and counted:
            pairs.append((counted, image.found.polys))
    if not pairs:
        return None
    compared = pairs[:COMPARED]
    best = np.concatenate([pairwise_iou(*pair).max(axis=1) for pair in compared])  # of each text
    covered = int(np.count_nonzero(best >= MATCH))
    with_detections = sum(len(image.found) > 0 for image in seen.images)
    if covered > MOST * len(best) and with_detections > MOST * len(seen.images):
        return None
    numbers = (
        f"{count(sum(len(image.found) for image in seen.images), 'detection')} in {with_detections} of "
        f"{count(len(seen.images), 'image')}; {'the first ' if len(compared) < len(pairs) else ''}"
        f"{count(len(compared), 'image')} with detections and texts compared: {covered} of "
        f"{count(len(best), 'text')} covered with an IoU of {MATCH:g} or more, best IoU {best.max():.2f}"
    )
    if best.max() < 0.1:
        remedy = "they are elsewhere: check in the picture whether the labels belong to other images or sizes"
    elif covered > MOST * len(best):
        remedy = "most images have no detection: train longer, or lower postprocess.box_thresh"
    else:
        remedy = "they are on the texts, but do not match: fit the post-processing, or train longer"
    return Cause("few texts found", numbers, remedy, certain=False)
