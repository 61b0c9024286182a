"""The mean of polygons around the same thing: corner by corner, or along their outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.geometry.polygon import Polygon

POINTS = 32  # of the mean of polygons that are not all quadrilaterals


def mean_polygon(polys: Sequence[Polygon], weights: Sequence[float] | np.ndarray) -> Polygon:
    """The weighted mean of polygons.

    Quadrilaterals are averaged corner by corner. If another polygon is among them, each outline is divided into
    ``POINTS`` parts of equal length. Points belong together in the order that brings them closest to those of the first
    polygon; the direction and the first corner of the others therefore do not matter.

    Args:
        polys: polygons (K_i, 2), at least one, each of at least three points; the first gives direction and start.
        weights: one for each, none below 0, not all 0.

    Returns:
        (4, 2) or (``POINTS``, 2) float64; a single polygon is returned with its own points.

    Raises:
        ValueError: no polygon, too few points, or weights that do not fit.
    """
    points = [np.asarray(poly, dtype=np.float64).reshape(-1, 2) for poly in polys]
    factors = np.asarray(weights, dtype=np.float64)
    if not points or min(map(len, points)) < 3:
        raise ValueError("mean_polygon: expected at least one polygon, each of three points or more")
    if factors.shape != (len(points),) or not (factors.min() >= 0 and 0 < factors.sum() < np.inf):
        raise ValueError(f"mean_polygon: expected a weight from 0 for each of {len(points)} polygons, got {weights}")
    if len(points) == 1:
        return points[0]
    if any(len(poly) != 4 for poly in points):
        points = [spaced(poly, POINTS) for poly in points]
    aligned = [points[0], *(aligned_to(points[0], poly) for poly in points[1:])]
    return np.tensordot(factors / factors.sum(), np.stack(aligned), axes=1)


def spaced(poly: Polygon, count: int) -> Polygon:
    """``count`` points (count, 2) at equal distances along the outline, from the first corner on."""
    closed = np.vstack([poly, poly[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    wanted = np.arange(count) * (along[-1] / count)
    return np.stack([np.interp(wanted, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def aligned_to(reference: Polygon, poly: Polygon) -> Polygon:
    """The points of ``poly``, in the order and direction that bring them closest to those of ``reference``.

    Args:
        reference, poly: (K, 2) each.
    """
    orders = [np.roll(turned, -shift, axis=0) for turned in (poly, poly[::-1]) for shift in range(len(poly))]
    return min(orders, key=lambda order: float(((order - reference) ** 2).sum()))
