"""Merges texts that several detectors, or one detector at several scales, found in an image: top-k voting NMS.

After the description in arXiv 1911.07171: soft-NMS decides which polygons are kept and in which order; then each kept
polygon becomes the mean of the k best polygons that overlap it, weighted by their scores. The IoU is that of polygons.

Difference from that description: the score of a merged polygon is the mean over the sources of the best score that each
gives it, 0 where it does not find it. A text that one of two detectors finds therefore has to be twice as certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon
from mindocr.geometry.mean_polygon import mean_polygon
from mindocr.geometry.overlap import pairwise_iou


@dataclass(frozen=True)
class Voting:
    """Settings of the merging.

    Attributes:
        top_k: number of polygons of which a mean is taken, from 1; 1 keeps the best polygon as it is.
        iou: polygons vote for a kept one from this IoU with it, in (0, 1]. From the same IoU, soft-NMS lowers a score.
        soft_score: soft-NMS drops a polygon whose score it has lowered below this, in [0, 1].
        min_score: lowest score of a merged polygon, in [0, 1]. The default was chosen on training photographs of ICDAR
            2015.
        min_votes: a merged polygon needs votes from so many different sources, from 1.

    Raises:
        ConfigError: a value is out of range.
    """

    top_k: int = 3
    iou: float = 0.5
    soft_score: float = 0.3
    min_score: float = 0.36
    min_votes: int = 1

    def __post_init__(self) -> None:
        problems = [f"{name}: expected a whole number from 1, got {value}"
                    for name, value in (("top_k", self.top_k), ("min_votes", self.min_votes)) if value < 1]  # fmt: skip
        problems += [] if 0 < self.iou <= 1 else [f"iou: expected a number above 0, up to 1, got {self.iou}"]
        problems += [f"{name}: expected 0 to 1, got {value}"
                     for name, value in (("soft_score", self.soft_score), ("min_score", self.min_score))
                     if not 0 <= value <= 1]  # fmt: skip
        if problems:
            raise ConfigError("merge-results: " + "; ".join(problems))


def soft_nms(iou: np.ndarray, scores: np.ndarray, threshold: float, soft_score: float) -> list[int]:
    """Which polygons soft-NMS keeps, in its order (Bodla et al., ICCV 2017, the linear form).

    Again and again the polygon of the highest score is kept, and the scores of the others that overlap it by at least
    ``threshold`` are multiplied by 1 - IoU. Of equal scores the first comes first.

    Args:
        iou: (N, N), of each pair.
        scores: (N,) in [0, 1].
        threshold: IoU from which a score is lowered.
        soft_score: see :class:`Voting`.
    """
    left = np.array(scores, dtype=np.float64)
    open_ = np.ones(len(left), dtype=bool)
    kept: list[int] = []
    while open_.any():
        best = int(np.argmax(np.where(open_, left, -1.0)))
        if left[best] < soft_score:
            break
        open_[best] = False
        kept.append(best)
        near = open_ & (iou[best] >= threshold)
        left[near] *= 1 - iou[best, near]
    return kept


def merge_polygons(
    polys: Sequence[Polygon], scores: Sequence[float], sources: Sequence[int], count: int, voting: Voting
) -> tuple[list[Polygon], list[float]]:
    """Merge the polygons of one image.

    Args:
        polys: N polygons (K_i, 2), pixels of the image, of all sources.
        scores: one for each, in [0, 1].
        sources: for each the number of the detector that found it, from 0.
        count: number of detectors.
        voting: the settings.

    Returns:
        Polygons in the order of soft-NMS, and their scores: the mean over the detectors of the best score of each.

    Raises:
        ValueError: lists of different lengths, a source that does not exist, or a coordinate that is not finite.
    """
    if not len(polys) == len(scores) == len(sources):
        raise ValueError(f"merge: {len(polys)} polygons, {len(scores)} scores, {len(sources)} sources")
    if any(not 0 <= source < count for source in sources):
        raise ValueError(f"merge: expected sources from 0 to {count - 1}, got {sorted(set(sources))}")
    if not polys:
        return [], []
    values, origins = np.asarray(scores, dtype=np.float64), np.asarray(sources)
    iou = np.clip(pairwise_iou(polys, polys), 0, 1)
    merged, merged_scores = [], []
    for best in soft_nms(iou, values, voting.iou, voting.soft_score):
        voters = np.flatnonzero(iou[best] >= voting.iou)
        voters = np.concatenate([[best], voters[voters != best]])  # also if its own area is 0
        best_of = np.zeros(count)
        np.maximum.at(best_of, origins[voters], values[voters])
        score = float(best_of.mean())
        if score < voting.min_score or len(set(origins[voters].tolist())) < voting.min_votes:
            continue
        others = voters[1:][np.argsort(-values[voters[1:]], kind="stable")]
        chosen = [best, *others[: voting.top_k - 1].tolist()]
        weights = values[chosen] if values[chosen].sum() > 0 else np.ones(len(chosen))
        merged.append(mean_polygon([polys[i] for i in chosen], weights))
        merged_scores.append(score)
    return merged, merged_scores
