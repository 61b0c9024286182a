"""Crops of text lines, rectified to upright rectangles (PP-OCR, "Text recognition")."""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.read import MAX_PIXELS

TALL = 1.5  # height / width from which a crop is turned: a vertical line, or one of the photograph's other orientation


def cut_line(image: np.ndarray, poly: np.ndarray) -> np.ndarray:
    """The line inside a polygon, seen from the front.

    A quad is rectified by a perspective transform, with the width and height of its longer opposite sides; of any other
    polygon the smallest rectangle around it is taken. A crop at least 1.5 times as high as wide is turned by 90 degrees
    anticlockwise.

    Args:
        image: (H, W, 3) uint8.
        poly: (K, 2), pixels (x, y), clockwise from the top left corner of the text.

    Returns:
        (h, w, 3) uint8, at least 1 x 1. What lies outside the image repeats its border.

    Raises:
        DataError: a corner is no finite number, or the crop would have more pixels than the largest image.
    """
    corners = _quad(np.asarray(poly, np.float32))
    if not np.isfinite(corners).all():
        raise DataError(f"the polygon {np.asarray(poly).tolist()} holds a number that is not finite; correct it")
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = max(int(max(sides[0], sides[2])), 1), max(int(max(sides[1], sides[3])), 1)
    if width * height > MAX_PIXELS:
        raise DataError(
            f"a text of {width} x {height} pixels (w x h) in an image of {image.shape[1]} x {image.shape[0]}: more "
            f"than {MAX_PIXELS} pixels in all; correct the points {np.asarray(poly).tolist()}"
        )
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    crop = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(np.rot90(crop)) if height >= TALL * width else crop


def _quad(poly: np.ndarray) -> np.ndarray:
    """Four corners, clockwise from the one nearest to the polygon's first point."""
    if len(poly) == 4:
        return poly
    corners = cv2.boxPoints(cv2.minAreaRect(poly)).astype(np.float32)
    edges = np.roll(corners, -1, axis=0) - corners
    if edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0] < 0:
        corners = corners[::-1]
    first = int(np.linalg.norm(corners - poly[0], axis=1).argmin())
    return np.ascontiguousarray(np.roll(corners, -first, axis=0))
