"""Numbers for the charts of the report: recall by properties of the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Polygon, min_area_quad, quad_angle
from mindocr.report.judged_image import JudgedImage

INFINITE = float("inf")
HEIGHTS = (0, 8, 12, 16, 24, 32, 48, INFINITE)
ASPECTS = (1, 1.5, 2.5, 4, 6, 10, INFINITE)
ANGLES = (0, 5, 15, 30, 60, 90)
LONG = 1.5  # aspect ratio from which a text has a direction
Z95 = 1.96  # normal quantile of a 95 % interval


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
