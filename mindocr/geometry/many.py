"""Measures of many polygons at once, of any lengths, in a few NumPy calls instead of a few for each."""

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
    """Absolute shoelace areas and lengths of the closed outlines, each (N,) float64, in pixels."""
    if not len(polys):
        return np.zeros(0), np.zeros(0)
    points, starts = _join(polys, np.float64)
    counts = np.diff(np.append(starts, len(points)))
    points -= np.repeat(points[starts], counts, axis=0)  # relative to a corner: no digits lost far from the origin
    following = np.arange(1, len(points) + 1)
    following[starts + counts - 1] = starts
    after = points[following]
    cross = points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]
    lengths = np.hypot(*(after - points).T)
    return np.abs(np.add.reduceat(cross, starts)) / 2, np.add.reduceat(lengths, starts)


def _join(polys: Sequence[Polygon], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """All points (M, 2), and the place of each polygon's first one."""
    starts = np.cumsum([0, *map(len, polys[:-1])])
    return np.concatenate(polys).astype(dtype), starts
