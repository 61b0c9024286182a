"""Bounds, areas and perimeters of many polygons at once, in a few NumPy calls for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.geometry.polygon import Polygon


def bounds(polys: Sequence[Polygon]) -> np.ndarray:
    """Axis-aligned boxes (N, 4) float32: xmin, ymin, xmax, ymax in pixels; each polygon has at least one point."""
    if not len(polys):
        return np.zeros((0, 4), dtype=np.float32)
    points, starts = _join(polys, np.float32)
    return np.concatenate([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)], axis=1)


def areas_and_perimeters(polys: Sequence[Polygon]) -> tuple[np.ndarray, np.ndarray]:
    """Absolute shoelace areas and perimeters, each (N,) float64, in square pixels and pixels."""
    if not len(polys):
        return np.zeros(0), np.zeros(0)
    points, starts = _join(polys, np.float64)
    counts = np.diff(np.append(starts, len(points)))
    points -= np.repeat(points[starts], counts, axis=0)  # relative to a corner, to lose no digits
    following = np.arange(1, len(points) + 1)
    following[starts + counts - 1] = starts
    after = points[following]
    cross = points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]
    lengths = np.hypot(*(after - points).T)
    return np.abs(np.add.reduceat(cross, starts)) / 2, np.add.reduceat(lengths, starts)


def _join(polys: Sequence[Polygon], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """All points (M, 2), and the index of each polygon's first point."""
    starts = np.cumsum([0, *map(len, polys[:-1])])
    return np.concatenate(polys).astype(dtype), starts
