"""Maps polygons from network pixels to source pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.geometry import Polygon
from mindocr.geometry.placement import Placement

SMALLEST_AREA = 1.0  # square pixels of the source image; smaller polygons are dropped


def check_shapes(shape_list: np.ndarray, count: int) -> np.ndarray:
    """Return ``shape_list`` as (N, 4) float64 after checking it.

    Args:
        shape_list: (N, 4), per image (source height, source width, ratio_h, ratio_w); network = source * ratio.
        count: number of images N.

    Raises:
        ValueError: another shape, or a size or ratio that is not positive.
    """
    shapes = np.asarray(shape_list, dtype=np.float64)
    if shapes.shape != (count, 4):
        raise ValueError(
            f"shape_list: expected ({count}, 4) = (source height, source width, ratio_h, ratio_w) for each of the "
            f"{count} maps, got shape {shapes.shape}"
        )
    if count and not (shapes.min() > 0 and shapes.max() < np.inf):  # false for NaN too
        bad = int(np.flatnonzero(~(np.isfinite(shapes) & (shapes > 0)).all(axis=1))[0])
        raise ValueError(f"shape_list[{bad}]: sizes and ratios must be positive, got {shapes[bad].tolist()}")
    return shapes


def to_source(polys: Sequence[Polygon], shape: np.ndarray, first: bool = False) -> tuple[list[Polygon], list[int]]:
    """Map polygons from network pixels to source pixels and clip them to the source image.

    Args:
        polys: polygons (K_i, 2) in pixels of the network's image.
        shape: (4,) source height, source width, ratio_h, ratio_w.
        first: let each polygon begin at its point of smallest x + y.

    Returns:
        Polygons with an area of at least ``SMALLEST_AREA``, coordinates in [0, width] x [0, height], float32; and their
        positions in ``polys``.
    """
    if not len(polys):
        return [], []
    counts = np.array([len(poly) for poly in polys], dtype=np.intp)
    ends = np.cumsum(counts)
    starts = ends - counts
    x, y = np.concatenate(polys).T  # columns: NumPy is slow along rows of two
    if first:
        order = _from_top_left(x + y, starts, ends)
        x, y = x[order], y[order]
    points = np.empty((len(x), 2), dtype=np.float32)
    x, y = Placement.from_shape(shape).columns_to_source(x, y)
    points[:, 0], points[:, 1] = x, y
    kept = np.flatnonzero(_areas(x, y, starts, ends) >= SMALLEST_AREA).tolist()
    spans = list(zip(starts.tolist(), ends.tolist()))
    return [points[slice(*spans[i])] for i in kept], kept


def _from_top_left(sums: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Order of the points of concatenated polygons in which each polygon begins at its point of smallest x + y."""
    counts = ends - starts
    smallest = np.flatnonzero(sums == np.repeat(np.minimum.reduceat(sums, starts), counts))
    first = smallest[np.searchsorted(smallest, starts)]
    order = np.ones(len(sums), dtype=np.intp)
    order[starts] = first - np.concatenate([[0], (first - 1 + counts * (first == starts))[:-1]])
    after = starts + ends - first  # where the order returns to the original first point of a polygon
    turned = first > starts
    order[after[turned]] = (1 - counts)[turned]
    return np.cumsum(order)


def _areas(x: np.ndarray, y: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Absolute shoelace areas of concatenated polygons."""
    following = np.arange(1, len(x) + 1)
    following[ends - 1] = starts
    return np.abs(np.add.reduceat(x * y[following] - y * x[following], starts)) / 2
