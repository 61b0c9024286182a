"""The evaluation at every threshold on the score: totals, and the state of every text and detection.

The protocol evaluates the detections that remain at each threshold, so every number is the one that an evaluation with
that threshold gives. Polygons are compared once.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Overlap, compare_many
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, f_score
from mindocr.report.judged_image import JudgedImage

STEPS = 200  # largest number of thresholds; with fewer distinct scores, there is a threshold for each of them
MAX_WEAK = 30_000  # detections below the threshold of the evaluation that are kept, of all images together
DIGITS = 17  # that tell any two scores apart

GONE, HIT, WRONG, ASIDE = range(4)  # WRONG: a missed text, or a false positive

Runs = list[tuple[int, int]]  # (position of a threshold, state from there on)


class Point(NamedTuple):
    """Totals without the detections whose score is below ``threshold``; all in [0, 1]."""

    threshold: float
    recall: float
    precision: float
    f_score: float


class Totals(NamedTuple):
    """Numbers of all images at one threshold: matched texts, missed texts, false positives."""

    hits: int
    misses: int
    alarms: int


class ImageAt(NamedTuple):
    """Result of one image from the threshold at position ``step`` on, until the next result."""

    step: int
    recall: float
    precision: float
    totals: Totals


class ImageSweep(NamedTuple):
    """One image at all thresholds.

    Attributes:
        truth: states of each text.
        found: states of each detection, in the order of :meth:`JudgedImage.everything`.
        results: results of the image, where they change.
    """

    truth: list[Runs]
    found: list[Runs]
    results: list[ImageAt]


class Sweep(NamedTuple):
    """All images at all thresholds.

    Attributes:
        points: recall, precision and f-score, lowest threshold first.
        totals: numbers of texts and detections at the same thresholds.
        now: position of the threshold of the evaluation.
        images: one for each image.
        all_scores: whether there is a threshold for each distinct score.
    """

    points: list[Point]
    totals: list[Totals]
    now: int
    images: list[ImageSweep]
    all_scores: bool


def state_at(runs: Runs, step: int) -> int:
    """The state at the threshold at position ``step``."""
    return next(state for first, state in reversed(runs) if first <= step)


def sweep(
    cases: Sequence[JudgedImage], protocol: MatchingProtocol, threshold: float | None = None, steps: int = STEPS
) -> Sweep | None:
    """Evaluate the images at each threshold.

    Args:
        cases: the images.
        protocol: the protocol that evaluated them.
        threshold: the threshold with which ``found`` of the images was computed; it is one of the thresholds. None: the
            lowest score in ``found``.
        steps: largest number of other thresholds.

    Returns:
        None if an image has detections without scores, or if there are no scores.
    """
    if any(case.scores is None and len(case.found) for case in cases):
        return None
    sides = [case.everything() for case in cases]
    kept_scores = [score for case in cases for score in case.scores or ()]
    distinct = _scores_to_try([side.scores for side in sides], threshold, min(kept_scores, default=np.inf))
    if not len(distinct):
        return None
    now = threshold if threshold is not None else min(kept_scores, default=float(distinct[0]))
    thresholds, at = choose_thresholds(distinct, now, steps)
    overlaps = compare_many([(case.truth, side.polys) for case, side in zip(cases, sides)], protocol.repair)
    names = protocol.count_names
    sums, totals = np.zeros((len(thresholds), len(names))), np.zeros((len(thresholds), 3), dtype=int)
    images = []
    for case, side, overlap in zip(cases, sides, overlaps):
        results = _results(case, side.polys, side.scores, overlap, protocol, thresholds)
        images.append(_image_sweep(case, side.scores, side.places, thresholds, results))
        ends = [step for step, _ in results[1:]] + [len(thresholds)]
        for (step, result), end, row in zip(results, ends, images[-1].results):
            sums[step:end] += [result.counts[name] for name in names]
            totals[step:end] += row.totals
    recall, precision = protocol.score(dict(zip(names, np.round(sums, 6).T)))
    rows = np.stack([thresholds, recall, precision, f_score(recall, precision)], axis=1).tolist()
    return Sweep([Point(*row) for row in rows], [Totals(*map(int, row)) for row in totals.tolist()], at, images,
                 len(distinct) <= steps)  # fmt: skip


def choose_thresholds(distinct: np.ndarray, now: float, steps: int = STEPS) -> tuple[np.ndarray, int]:
    """Thresholds that remove one distinct score after another, or at most ``steps`` quantiles of them.

    Args:
        distinct: distinct scores, ascending, at least one.
        now: a threshold that must be among them.

    Returns:
        Thresholds, ascending, with as few digits as possible, and the position of ``now``.
    """
    positions = np.unique(np.rint(np.linspace(0, len(distinct) - 1, min(steps, len(distinct)))).astype(int))
    before = np.concatenate([[-np.inf], distinct[positions[:-1]]])
    if len(positions) > 1:
        before[-1] = distinct[-2]  # the last one keeps only the highest score
    rounded = [short_between(low, high) for low, high in zip(before.tolist(), distinct[positions].tolist())]
    place = int(np.searchsorted(distinct, now))
    others = [each for each in rounded if int(np.searchsorted(distinct, each)) != place]  # the same as `now`
    thresholds = np.array(sorted([*others, float(now)]))
    return thresholds, int(np.searchsorted(thresholds, now))


def short_between(low: float, high: float) -> float:
    """The number with the fewest decimal places that is above ``low`` and at most ``high``; at least one place."""
    for places in range(1, DIGITS):
        rounded = float(Decimal(repr(high)).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR))
        if rounded > low:
            return rounded
    return high


def _scores_to_try(scores: Sequence[np.ndarray], threshold: float | None, lowest: float) -> np.ndarray:
    """Distinct scores, ascending; of those below the threshold, only the highest :data:`MAX_WEAK` detections."""
    everything = np.sort(np.concatenate([np.zeros(0), *scores]))
    weak = int(np.searchsorted(everything, lowest if threshold is None else threshold))
    return np.unique(everything[max(weak - MAX_WEAK, 0) :])


def _results(
    case: JudgedImage, polys: Sequence[np.ndarray], scores: np.ndarray, overlap: Overlap, protocol: MatchingProtocol,
    thresholds: np.ndarray,
) -> list[tuple[int, ImageResult]]:  # fmt: skip
    """Results of an image with the first threshold from which each of them holds."""
    counts = len(scores) - np.searchsorted(np.sort(scores), thresholds)  # detections that remain
    steps = np.flatnonzero(np.diff(counts, prepend=-1))
    results = []
    for step in steps.tolist():
        kept = np.flatnonzero(scores >= thresholds[step])
        image = Image(case.truth, case.ignore, [polys[i] for i in kept.tolist()])
        results.append((step, _in_everything(protocol.judge(image, _columns(overlap, kept)), kept)))
    return results


def _in_everything(result: ImageResult, kept: np.ndarray) -> ImageResult:
    """The result with the positions of detections among all detections."""
    pairs = [(truth, int(kept[found])) for truth, found in result.pairs]
    aside = [int(kept[found]) for found in result.det_dontcare]
    return ImageResult(result.counts, result.recall, result.precision, pairs, result.gt_dontcare, aside)


def _image_sweep(
    case: JudgedImage, scores: np.ndarray, places: np.ndarray, thresholds: np.ndarray,
    results: Sequence[tuple[int, ImageResult]],
) -> ImageSweep:  # fmt: skip
    texts = np.full((len(case.truth), len(results)), WRONG)
    found = np.full((len(scores), len(results)), WRONG)
    rows = []
    for k, (step, result) in enumerate(results):
        found[scores < thresholds[step], k] = GONE
        for states, hits, aside in (
            (texts[:, k], [truth for truth, _ in result.pairs], result.gt_dontcare),
            (found[:, k], [each for _, each in result.pairs], result.det_dontcare),
        ):
            states[hits] = HIT
            states[aside] = ASIDE
        numbers = [
            int(np.count_nonzero(each)) for each in (texts[:, k] == HIT, texts[:, k] == WRONG, found[:, k] == WRONG)
        ]
        rows.append(ImageAt(step, float(result.recall), float(result.precision), Totals(*numbers)))
    steps = np.array([step for step, _ in results])
    runs = [_runs(states, steps) for states in found]
    return ImageSweep([_runs(states, steps) for states in texts], [runs[i] for i in places], rows)


def _runs(states: np.ndarray, steps: np.ndarray) -> Runs:
    changes = np.flatnonzero(np.diff(states, prepend=-1))
    return list(zip(steps[changes].tolist(), states[changes].tolist()))


def _columns(overlap: Overlap, kept: np.ndarray) -> Overlap:
    return overlap._replace(
        areas_b=overlap.areas_b[kept],
        boxes_b=overlap.boxes_b[kept],
        valid_b=overlap.valid_b[kept],
        intersection=overlap.intersection[:, kept],
        iou=overlap.iou[:, kept],
    )
