"""Overlap of polygons: intersection areas and IoU, for all pairs of two lists at once.

Self-crossing polygons are treated as in ICDAR's evaluation script: the area of a polygon is its absolute shoelace
area, the area of an intersection follows the even-odd rule, and union = area + area - intersection. The IoU of a
self-crossing polygon can therefore be outside [0, 1] (a symmetric bow tie has area 0 but covers pixels). Check
:func:`mindocr.geometry.polygon.is_valid` first where that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from mindocr.geometry.convex import are_convex, intersection_areas
from mindocr.geometry.polygon import Polygon, even_odd_parts

Mend = Callable[[Polygon], shapely.Geometry]


def even_odd_region(poly: Polygon) -> shapely.Geometry:
    """Region of a polygon by the even-odd rule: both triangles of a bow tie."""
    return shapely.MultiPolygon(even_odd_parts(poly))


def zero_buffer_region(poly: Polygon) -> shapely.Geometry:
    """Region of a polygon after ``buffer(0)``, the usual way to repair one: one half of a bow tie."""
    return shapely.buffer(shapely.polygons(np.asarray(poly, dtype=np.float64)), 0)


class Regions:
    """A list of polygons prepared for comparison.

    Args:
        polys: N polygons (K_i, 2) of any lengths, in either direction. A polygon of fewer than three points
            has area 0.
        mend: function that returns the region of a self-crossing polygon.

    Attributes:
        areas: (N,) float64, absolute shoelace areas in square pixels.
        boxes: (N, 4) float64, xmin, ymin, xmax, ymax.
        valid: (N,) bool, False for polygons that cross themselves or have no area.

    Raises:
        ValueError: a coordinate is NaN or infinite.
    """

    def __init__(self, polys: Sequence[Polygon], mend: Mend = even_odd_region) -> None:
        self._polys = [poly if len(poly) >= 3 else np.zeros((3, 2)) for poly in polys]
        counts = np.array([len(poly) for poly in self._polys], dtype=np.intp)
        points = np.concatenate([*self._polys, np.zeros((0, 2))]).astype(np.float64, copy=False)
        if not np.isfinite(points).all():
            raise ValueError("polygons to compare have a coordinate that is NaN or infinite")
        ends = np.cumsum(counts)
        starts = ends - counts
        self.boxes, signed = np.zeros((len(counts), 4)), np.zeros(len(counts))
        if len(counts):
            self.boxes[:, :2] = np.minimum.reduceat(points, starts)
            self.boxes[:, 2:] = np.maximum.reduceat(points, starts)
            following = np.arange(1, len(points) + 1)
            following[ends - 1] = starts
            x, y = (points - np.repeat(points[starts], counts, axis=0)).T
            signed = np.add.reduceat(x * y[following] - y * x[following], starts) / 2
        self.areas = np.abs(signed)
        self._find_quads(points, starts, counts, signed)
        self._shape_others(points, counts, mend)

    def _find_quads(self, points: np.ndarray, starts: np.ndarray, counts: np.ndarray, signed: np.ndarray) -> None:
        """Find the convex quadrilaterals, which need no polygon clipper, and the axis-aligned rectangles."""
        self._quads = np.zeros((len(counts), 4, 2))
        four = np.flatnonzero(counts == 4)
        self._quads[four] = points[starts[four][:, None] + np.arange(4)]
        self._convex = np.zeros(len(counts), dtype=bool)
        self._convex[four] = are_convex(self._quads[four]) & (self.areas[four] > 0)
        self._upright = self._convex & (self.areas == (self.boxes[:, 2:] - self.boxes[:, :2]).prod(axis=1))
        turned = self._convex & (signed < 0)
        self._quads[turned] = self._quads[turned][:, ::-1]

    def _shape_others(self, points: np.ndarray, counts: np.ndarray, mend: Mend) -> None:
        """Build clipper shapes for all other polygons, and repair those that cross themselves."""
        self.valid = self._convex.copy()
        self._shapes = np.full(len(counts), None, dtype=object)
        others = np.flatnonzero(~self._convex)
        if len(others):
            owner = np.repeat(np.arange(len(others)), counts[others])
            rings = shapely.linearrings(points[np.repeat(~self._convex, counts)], indices=owner)
            self._shapes[others] = shapely.polygons(rings)
            self.valid[others] = shapely.is_valid(self._shapes[others])
            for i in np.flatnonzero(~self.valid):
                self._shapes[i] = mend(self._polys[i])
            self.valid &= self.areas > 0

    def __len__(self) -> int:
        return len(self.areas)

    def _shapes_of(self, indices: np.ndarray) -> np.ndarray:
        missing = [i for i in set(indices.tolist()) if self._shapes[i] is None]
        self._shapes[missing] = shapely.polygons(self._quads[missing])
        return self._shapes[indices]

    def intersections(self, other: Regions, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Intersection areas of the pairs (``rows[i]``, ``columns[i]``), (P,) float64, square pixels.

        Only pairs whose bounding boxes overlap are clipped. The general polygon clipper is used only where a polygon of
        the pair is no convex quadrilateral.
        """
        result = np.zeros(len(rows))
        mine, theirs = self.boxes[rows], other.boxes[columns]
        sides = np.minimum(mine[:, 2:], theirs[:, 2:]) - np.maximum(mine[:, :2], theirs[:, :2])
        near = (sides > 0).all(axis=1)
        upright = near & self._upright[rows] & other._upright[columns]
        result[upright] = sides[upright].prod(axis=1)
        convex = near & ~upright & self._convex[rows] & other._convex[columns]
        result[convex] = intersection_areas(self._quads[rows[convex]], other._quads[columns[convex]])
        rest = near & ~upright & ~convex
        if rest.any():
            shapes, others = self._shapes_of(rows[rest]), other._shapes_of(columns[rest])
            result[rest] = shapely.area(shapely.intersection(shapes, others))
        return result

    def intersection(self, other: Regions) -> np.ndarray:
        """Intersection area of each pair, (len(self), len(other)) float64, square pixels."""
        rows, columns = np.divmod(np.arange(len(self) * len(other)), max(len(other), 1))
        return self.intersections(other, rows, columns).reshape(len(self), len(other))

    def iou(self, other: Regions) -> np.ndarray:
        """Intersection over union of each pair, (len(self), len(other)) float64; 0 where the union is 0."""
        return iou_from_intersection(self.intersection(other), self.areas, other.areas)


class Overlap(NamedTuple):
    """Comparison of N polygons A with M polygons B.

    Attributes:
        areas_a, areas_b: (N,) and (M,) float64, absolute shoelace areas in square pixels.
        boxes_a, boxes_b: (N, 4) and (M, 4) float64, xmin, ymin, xmax, ymax.
        valid_a, valid_b: (N,) and (M,) bool, False for polygons that cross themselves or have no area.
        intersection: (N, M) float64, square pixels.
        iou: (N, M) float64, 0 where the union is 0.
    """

    areas_a: np.ndarray
    areas_b: np.ndarray
    boxes_a: np.ndarray
    boxes_b: np.ndarray
    valid_a: np.ndarray
    valid_b: np.ndarray
    intersection: np.ndarray
    iou: np.ndarray


def compare_many(
    lists: Sequence[tuple[Sequence[Polygon], Sequence[Polygon]]],
    mend: Mend = even_odd_region,
) -> list[Overlap]:
    """Compare the polygons of many pairs of lists at once, which is much faster than one pair of lists at a time.

    Args:
        lists: (polygons of A, polygons of B), such as ground truth and detections of one image.
        mend: as for :class:`Regions`.

    Raises:
        ValueError: a coordinate is NaN or infinite.
    """
    a = Regions([poly for polys, _ in lists for poly in polys], mend)
    b = Regions([poly for _, polys in lists for poly in polys], mend)
    counts = np.array([(len(first), len(second)) for first, second in lists], dtype=np.intp).reshape(-1, 2)
    sizes = counts.prod(axis=1)
    ends = np.cumsum(np.column_stack([counts, sizes]), axis=0)
    within = np.arange(sizes.sum()) - np.repeat(ends[:, 2] - sizes, sizes)
    rows, columns = np.divmod(within, np.repeat(counts[:, 1], sizes))
    rows += np.repeat(ends[:, 0] - counts[:, 0], sizes)
    columns += np.repeat(ends[:, 1] - counts[:, 1], sizes)
    intersection = a.intersections(b, rows, columns)
    iou = _iou(intersection, a.areas[rows] + b.areas[columns] - intersection)
    results = []
    for (n, m), (end_a, end_b, end) in zip(counts.tolist(), ends.tolist()):
        first, second, area = slice(end_a - n, end_a), slice(end_b - m, end_b), slice(end - n * m, end)
        results.append(
            Overlap(
                a.areas[first], b.areas[second], a.boxes[first], b.boxes[second], a.valid[first], b.valid[second],
                intersection[area].reshape(n, m), iou[area].reshape(n, m),
            )
        )  # fmt: skip
    return results


def iou_from_intersection(intersection: np.ndarray, areas_a: np.ndarray, areas_b: np.ndarray) -> np.ndarray:
    """IoU (A, B) from intersections (A, B) and areas (A,), (B,); 0 where the union is 0."""
    return _iou(intersection, areas_a[:, None] + areas_b[None, :] - intersection)


def _iou(intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union != 0)


def pairwise_intersection(polys_a: Sequence[Polygon], polys_b: Sequence[Polygon]) -> np.ndarray:
    """Intersection areas of all pairs, (len(polys_a), len(polys_b)) float64, square pixels."""
    return Regions(polys_a).intersection(Regions(polys_b))


def pairwise_iou(polys_a: Sequence[Polygon], polys_b: Sequence[Polygon]) -> np.ndarray:
    """Intersection over union of all pairs, (len(polys_a), len(polys_b)) float64; 0 where the union is 0."""
    return Regions(polys_a).iou(Regions(polys_b))


def intersection_area(a: Polygon, b: Polygon) -> float:
    """Area common to two polygons, in square pixels."""
    return float(pairwise_intersection([a], [b])[0, 0])


def polygon_iou(a: Polygon, b: Polygon) -> float:
    """Intersection over union of two polygons; 0 when the union is 0."""
    return float(pairwise_iou([a], [b])[0, 0])
