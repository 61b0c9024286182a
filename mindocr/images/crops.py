"""Crops of text lines, rectified to upright rectangles (PP-OCR, "Text recognition"), and the way back to the image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.geometry.polygon import Polygon, is_convex, largest_overlap, transform
from mindocr.images.read import MAX_PIXELS

TALL = 1.5  # height / width from which a crop is turned: a vertical line, or one of the photograph's other orientation


@dataclass(frozen=True)
class LineView:
    """The part of an image that a crop shows: a rectified rectangle, then turned.

    Pixels are points: the centre of the pixel in column x and row y is (x, y), in the crop as in the image.

    Attributes:
        polygon: (K, 2) float32, around the line, pixels of the image.
        corners: (4, 2) float32, those of the rectangle, pixels of the image.
        size: (h, w) of the rectangle before it is turned, pixels.
        turns: quarter turns anticlockwise from the rectangle to the crop.
    """

    polygon: Polygon
    corners: np.ndarray
    size: tuple[int, int]
    turns: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the crop in pixels."""
        return self.size[::-1] if self.turns % 2 else self.size

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The crop, (h, w, 3) uint8. What lies outside the image repeats its border."""
        h, w = self.size
        matrix = cv2.getPerspectiveTransform(self.corners, self._target)
        crop = cv2.warpPerspective(image, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(np.rot90(crop, self.turns)) if self.turns else crop

    def directions(self) -> list[LineView]:
        """This view and, of a tall line, the others in which its text may be upright: upside down, and not turned.

        A tall line may run down or up, or consist of one narrow character; its shape does not tell.
        """
        if self.turns % 2 == 0:
            return [self]
        return [self, replace(self, turns=4 - self.turns % 4), replace(self, turns=0)]

    def upright_polygon(self) -> Polygon:
        """The polygon; if it is a quad, it begins at the top left corner of the crop, as those of labels do."""
        return np.roll(self.polygon, -self.turns, axis=0) if len(self.polygon) == 4 else self.polygon

    def to_image(self, points: np.ndarray) -> Polygon:
        """Points (N, 2) of the crop as pixels (x, y) of the image, float32."""
        return transform([self._unturned(points)], self._back)[0]

    def part(self, left: float, right: float) -> Polygon:
        """The part of the line between two columns of the crop, over its full height.

        Args:
            left, right: shares of the crop's width, from 0 to 1; the left edge of its first column is 0.

        Returns:
            (K, 2) float32, pixels of the image, clockwise from the crop's top left corner. Of a quad it has four
            corners; any other polygon is cut at the two columns, and the largest piece is taken.
        """
        h, w = self.shape
        x0, x1 = (-1 if left <= 0 else left * w - 0.5), (w if right >= 1 else right * w - 0.5)
        ends = self._unturned(np.array([[x0, -1], [x1, -1], [x1, h], [x0, h]]))
        # The polygon's edges are half a pixel off those of the crop's pixels, on the outside on two of its sides.
        with np.errstate(all="ignore"):  # of a polygon without an area
            strip = transform([np.clip(ends, 0, self.size[::-1])], self._back)[0]
        if not np.isfinite(strip).all():
            return self.polygon
        if len(self.polygon) == 4 and is_convex(self.polygon):
            return strip
        piece = largest_overlap(self.polygon, strip)
        return self.polygon if piece is None else piece

    @property
    def _target(self) -> np.ndarray:
        h, w = self.size
        return np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)

    @cached_property
    def _back(self) -> np.ndarray:
        return cv2.getPerspectiveTransform(self._target, self.corners)

    def _unturned(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) of the crop as points of the rectangle before it was turned."""
        h, w = self.size
        x, y = np.asarray(points, dtype=np.float64).T
        back = {0: (x, y), 1: (w - 1 - y, x), 2: (w - 1 - x, h - 1 - y), 3: (y, h - 1 - x)}
        return np.stack(back[self.turns % 4], axis=1)


def line_view(poly: np.ndarray, image_size: tuple[int, int]) -> LineView:
    """How the line inside a polygon is seen from the front.

    A quad is rectified by a perspective transform, with the width and height of its longer opposite sides; of any other
    polygon the smallest rectangle around it is taken. A crop at least 1.5 times as high as wide is turned by 90 degrees
    anticlockwise.

    Args:
        poly: (K, 2), pixels (x, y), clockwise from the top left corner of the text.
        image_size: (h, w) of the image in pixels, for messages.

    Returns:
        A view of at least 1 x 1 pixels.

    Raises:
        DataError: a corner is no finite number, or the crop would have more pixels than the largest image.
    """
    polygon = np.asarray(poly, np.float32)
    corners = _quad(polygon)
    if not np.isfinite(corners).all():
        raise DataError(f"the polygon {np.asarray(poly).tolist()} holds a number that is not finite; correct it")
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = max(int(max(sides[0], sides[2])), 1), max(int(max(sides[1], sides[3])), 1)
    if width * height > MAX_PIXELS:
        raise DataError(
            f"a text of {width} x {height} pixels (w x h) in an image of {image_size[1]} x {image_size[0]}: more "
            f"than {MAX_PIXELS} pixels in all; correct the points {np.asarray(poly).tolist()}"
        )
    return LineView(polygon, corners, (height, width), int(height >= TALL * width))


def cut_line(image: np.ndarray, poly: np.ndarray) -> np.ndarray:
    """The crop (h, w, 3) uint8 of the line inside a polygon; arguments and errors as for :func:`line_view`."""
    return line_view(poly, (image.shape[0], image.shape[1])).cut(image)


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
