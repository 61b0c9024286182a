"""Geometry of text regions in plain NumPy: polygons are (K, 2) arrays of points (x, y) in pixels, origin top left."""

from __future__ import annotations

from mindocr.geometry.boxes import min_area_quad, order_clockwise, quad_angle, score_inside
from mindocr.geometry.offset import expand, expand_distance, expand_rectangle, offset_distance, shrink
from mindocr.geometry.overlap import (
    Overlap,
    Regions,
    compare_many,
    even_odd_region,
    intersection_area,
    iou_from_intersection,
    pairwise_intersection,
    pairwise_iou,
    polygon_iou,
    zero_buffer_region,
)
from mindocr.geometry.polygon import (
    Polygon,
    area,
    bounding_box,
    clip_to_rect,
    drop_repeated,
    is_convex,
    is_simple,
    is_valid,
    orient_clockwise,
    perimeter,
    repair,
    signed_area,
    transform,
)
from mindocr.geometry.raster import border_distance, fill_polygon
from mindocr.geometry.rotated import rotated_boxes_of, rotated_corners

__all__ = [
    "Overlap",
    "Polygon",
    "Regions",
    "area",
    "border_distance",
    "bounding_box",
    "clip_to_rect",
    "compare_many",
    "drop_repeated",
    "even_odd_region",
    "expand",
    "expand_distance",
    "expand_rectangle",
    "fill_polygon",
    "intersection_area",
    "iou_from_intersection",
    "is_convex",
    "is_simple",
    "is_valid",
    "min_area_quad",
    "offset_distance",
    "order_clockwise",
    "orient_clockwise",
    "pairwise_intersection",
    "pairwise_iou",
    "perimeter",
    "polygon_iou",
    "quad_angle",
    "repair",
    "rotated_boxes_of",
    "rotated_corners",
    "score_inside",
    "shrink",
    "signed_area",
    "transform",
    "zero_buffer_region",
]
