"""Numbers for the charts of the report: precision-recall curve over the score, recall by properties of the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Overlap, Polygon, compare_many, min_area_quad, quad_angle
from mindocr.metrics.matching import Image, MatchingProtocol, f_score
from mindocr.report.judged_image import JudgedImage

POINTS = 60  # of the precision-recall curve
INFINITE = float("inf")
HEIGHTS = (0, 8, 12, 16, 24, 32, 48, INFINITE)
ASPECTS = (1, 1.5, 2.5, 4, 6, 10, INFINITE)
ANGLES = (0, 5, 15, 30, 60, 90)
LONG = 1.5  # aspect ratio from which a text has a direction
Z95 = 1.96  # normal quantile of a 95 % interval


class Point(NamedTuple):
    """Totals without the detections whose score is below ``threshold``; all in [0, 1]."""

    threshold: float
    recall: float
    precision: float
    f_score: float


class Bin(NamedTuple):
    """Texts of one kind: how many count, how many are matched, and the 95 % interval of their recall (Wilson)."""

    name: str
    texts: int
    hits: int
    low: float
    high: float

    @property
    def recall(self) -> float:
        """In [0, 1]."""
        return self.hits / self.texts if self.texts else 0.0


def precision_recall(cases: Sequence[JudgedImage], protocol: MatchingProtocol, points: int = POINTS) -> list[Point]:
    """The curve over the threshold on the score, lowest threshold first.

    If candidates are known, it begins below the threshold of the detector. Polygons are compared once; the protocol
    evaluates the remaining detections for each threshold.

    Returns:
        At most ``points`` points, at quantiles of the scores; none if an image has detections without scores.
    """
    if any(case.scores is None and len(case.found) for case in cases):
        return []
    sides = [
        (case.candidates, np.asarray(case.candidate_scores, dtype=np.float64))
        if len(case.candidates)
        else (case.found, np.asarray(case.scores if case.scores is not None else [], dtype=np.float64))
        for case in cases
    ]
    everything = np.concatenate([np.zeros(0), *(scores for _, scores in sides)])
    if not len(everything):
        return []
    overlaps = compare_many([(case.truth, found) for case, (found, _) in zip(cases, sides)], protocol.repair)
    thresholds = np.unique(np.quantile(everything, np.linspace(0, 1, points), method="nearest"))
    names = protocol.count_names
    sums = np.zeros((len(thresholds), len(names)))
    for case, (found, scores), overlap in zip(cases, sides, overlaps):
        row, last = np.zeros(len(names)), -1
        for i, threshold in enumerate(thresholds):
            kept = np.flatnonzero(scores >= threshold)
            if len(kept) != last:
                part = Image(case.truth, case.ignore, [found[k] for k in kept])
                counts = protocol.judge(part, _columns(overlap, kept)).counts
                row, last = np.array([counts[name] for name in names], dtype=np.float64), len(kept)
            sums[i] += row
    recall, precision = protocol.score(dict(zip(names, sums.T)))
    rows = np.stack([thresholds, recall, precision, f_score(recall, precision)], axis=1)
    return [Point(*map(float, row)) for row in rows]


def _columns(overlap: Overlap, kept: np.ndarray) -> Overlap:
    return overlap._replace(
        areas_b=overlap.areas_b[kept],
        boxes_b=overlap.boxes_b[kept],
        valid_b=overlap.valid_b[kept],
        intersection=overlap.intersection[:, kept],
        iou=overlap.iou[:, kept],
    )


def recall_by_height(cases: Sequence[JudgedImage]) -> list[Bin]:
    """Recall by the short side of the smallest rectangle around a text, in pixels of the source image."""
    return _recall_by(cases, lambda poly: min_area_quad(poly)[1][0], HEIGHTS, "px")


def recall_by_aspect(cases: Sequence[JudgedImage]) -> list[Bin]:
    """Recall by the ratio of long side to short side of the smallest rectangle around a text."""
    return _recall_by(cases, _aspect, ASPECTS, "")


def recall_by_angle(cases: Sequence[JudgedImage]) -> list[Bin]:
    """Recall by the angle of the long side to the horizontal, 0 to 90 degrees, for texts with a clear direction."""
    return _recall_by(cases, lambda poly: _angle(poly) if _aspect(poly) >= LONG else None, ANGLES, "°")


def _aspect(poly: Polygon) -> float:
    short, long = min_area_quad(poly)[1]
    return long / max(short, 1e-6)


def _angle(poly: Polygon) -> float:
    return abs(quad_angle(min_area_quad(poly)[0]))


def _recall_by(
    cases: Sequence[JudgedImage], measure: Callable[[Polygon], float | None], edges: Sequence[float], unit: str
) -> list[Bin]:
    """Bins [edge, next edge); empty bins at both ends are left out."""
    values, found = [], []
    for case in cases:
        hit = case.hit_truth
        for i, poly in enumerate(case.truth):
            value = None if i in case.result.gt_dontcare else measure(np.asarray(poly, dtype=np.float32))
            if value is not None:
                values.append(value)
                found.append(i in hit)
    texts = np.histogram(values, edges)[0] if values else np.zeros(len(edges) - 1, dtype=int)
    hits = np.histogram([v for v, hit in zip(values, found) if hit], edges)[0] if any(found) else np.zeros_like(texts)
    held = np.flatnonzero(texts)
    return [
        Bin(_name(edges[i], edges[i + 1], unit), int(texts[i]), int(hits[i]), *wilson(int(hits[i]), int(texts[i])))
        for i in (range(held[0], held[-1] + 1) if len(held) else ())
    ]


def _name(low: float, high: float, unit: str) -> str:
    return f"{low:g}{unit}+" if high == INFINITE else f"{low:g}–{high:g}{unit}"


def wilson(hits: int, texts: int) -> tuple[float, float]:
    """95 % interval of the share ``hits / texts`` by Wilson's method; (0, 1) without texts."""
    if not texts:
        return 0.0, 1.0
    share, spread = hits / texts, Z95**2 / texts
    middle = share + spread / 2
    half = Z95 * np.sqrt(share * (1 - share) / texts + spread / (4 * texts))
    return float((middle - half) / (1 + spread)), float((middle + half) / (1 + spread))
