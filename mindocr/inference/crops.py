"""Crops of single texts, cut out of an image and turned upright by their polygons."""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.geometry import Polygon, min_area_quad, order_clockwise

TALL = 1.5  # from this ratio of height to width, a crop is taken for a line of text that runs upwards or downwards


def crop_text(image: np.ndarray, polygon: Polygon, *, turn_tall: bool = True) -> np.ndarray:
    """Cut out a text and map it onto an upright rectangle.

    A quadrilateral is mapped by a perspective transform. Any other polygon is replaced by the smallest rotated
    rectangle around it, so a curved text stays curved.

    Args:
        image: (H, W, C) or (H, W) uint8.
        polygon: (K, 2) pixels (x, y) of the image, at least one point; parts outside repeat the pixels of the border.
        turn_tall: turn a crop whose height is at least ``TALL`` times its width by 90 degrees counterclockwise, as
            networks for recognition read lines of text from left to right.

    Returns:
        (h, w, C) or (h, w) uint8, at least one pixel: w is the longer of the upper and the lower side, h that of the
        left and the right side, rounded to pixels.
    """
    points = np.asarray(polygon, dtype=np.float32).reshape(-1, 2)
    quad = order_clockwise(points) if len(points) == 4 else min_area_quad(points)[0]
    upper, right, lower, left = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    w, h = max(1, round(max(upper, lower))), max(1, round(max(left, right)))
    target = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    crop = cv2.warpPerspective(image, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(np.rot90(crop)) if turn_tall and h >= TALL * w else crop
