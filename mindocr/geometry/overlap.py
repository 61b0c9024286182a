"""Overlap of polygons: intersection areas and IoU, for all pairs of two lists at once.

Policy for self-crossing polygons, the same as ICDAR's own evaluator: the area of a polygon is its absolute shoelace
area, the area of an intersection follows the even-odd rule, and union = area + area - intersection. The IoU of a
self-crossing polygon can therefore leave [0, 1] (a symmetric bow tie has area 0 but covers something). Check
:func:`mindocr.geometry.polygon.is_valid` first where that matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from mindocr.geometry.polygon import Polygon, even_odd_parts


class Regions:
    """A list of polygons prepared for comparing: areas, bounding boxes and even-odd regions, worked out together.

    Args:
        polys: N polygons (K_i, 2) of any lengths, in either direction. One of fewer than three points is a region of
            no area.

    Attributes:
        areas: (N,) float64, absolute shoelace areas in square pixels.
        boxes: (N, 4) float64, xmin, ymin, xmax, ymax.
        shapes: (N,) valid shapely geometries.

    Raises:
        ValueError: a coordinate that is not a finite number.
    """

    def __init__(self, polys: Sequence[Polygon]) -> None:
        if not len(polys):
            self.areas, self.boxes, self.shapes = np.zeros(0), np.zeros((0, 4)), np.zeros(0, dtype=object)
            return
        counts = np.array([len(poly) for poly in polys])
        if counts.min() < 3:
            polys = [poly if len(poly) >= 3 else np.zeros((3, 2)) for poly in polys]
            counts = np.maximum(counts, 3)
        points = np.concatenate(polys).astype(np.float64, copy=False)
        if not np.isfinite(points).all():
            raise ValueError("polygons to compare hold a coordinate that is not a finite number")
        ends = np.cumsum(counts)
        starts = ends - counts
        owner = np.repeat(np.arange(len(polys)), counts)
        self.boxes = np.concatenate([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)], axis=1)
        following = np.arange(1, len(points) + 1)
        following[ends - 1] = starts
        x, y = (points - points[starts][owner]).T
        self.areas = np.abs(np.add.reduceat(x * y[following] - y * x[following], starts)) / 2
        self.shapes = shapely.polygons(shapely.linearrings(points, indices=owner))
        for i in np.flatnonzero(~shapely.is_valid(self.shapes)):
            self.shapes[i] = shapely.MultiPolygon(even_odd_parts(polys[i]))

    def __len__(self) -> int:
        return len(self.areas)

    def intersection(self, other: Regions) -> np.ndarray:
        """Areas common to each pair, (len(self), len(other)) float64, square pixels.

        Only pairs whose bounding boxes overlap reach the polygon clipper.
        """
        result = np.zeros((len(self), len(other)))
        low = np.maximum(self.boxes[:, None, :2], other.boxes[None, :, :2])
        high = np.minimum(self.boxes[:, None, 2:], other.boxes[None, :, 2:])
        rows, cols = np.nonzero((low < high).all(axis=-1))
        if len(rows):
            result[rows, cols] = shapely.area(shapely.intersection(self.shapes[rows], other.shapes[cols]))
        return result

    def iou(self, other: Regions) -> np.ndarray:
        """Intersection over union of each pair, (len(self), len(other)) float64; 0 where the union is 0."""
        return iou_from_intersection(self.intersection(other), self.areas, other.areas)


def iou_from_intersection(intersection: np.ndarray, areas_a: np.ndarray, areas_b: np.ndarray) -> np.ndarray:
    """IoU (A, B) from intersections (A, B) and areas (A,), (B,); 0 where the union is 0."""
    union = areas_a[:, None] + areas_b[None, :] - intersection
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
