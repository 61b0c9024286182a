"""Transformation of a flat sheet with text into the image: an optional bend along an arc, then a homography."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np


@dataclass(frozen=True)
class Bend:
    """A text line bent along a circle; the line ``v = middle`` keeps its length.

    Attributes:
        radius: radius of the middle line, pixels; larger than the distance of any ink from that line.
        centre: u of the point that does not move.
        middle: v of the middle line.
        side: +1 bends the middle upwards, -1 downwards.
    """

    radius: float
    centre: float
    middle: float
    side: int

    def forward(self, uv: np.ndarray, stretch: float = 1.0) -> np.ndarray:
        """Sheet points (K, 2) to plane points around the origin; ``stretch`` scales the distance to the hub."""
        angle = (uv[:, 0] - self.centre) / self.radius
        length = (self.radius + self.side * (self.middle - uv[:, 1])) * stretch
        return np.stack([length * np.sin(angle), self.side * (self.radius - length * np.cos(angle))], axis=1)

    def backward(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Plane coordinates to sheet coordinates (u, v), arrays of any shape."""
        down = self.radius - self.side * y
        length = np.sqrt(x * x + down * down)
        u = self.centre + self.radius * np.arctan2(x, down)
        return u, self.middle - self.side * (length - self.radius)


@dataclass(frozen=True)
class Warp:
    """Transformation of sheet coordinates (u, v) to image coordinates (x, y), both in pixels.

    Attributes:
        matrix: (3, 3) float64 homography, plane to image.
        bend: sheet to plane; None = sheet and plane are the same.
    """

    matrix: np.ndarray
    bend: Bend | None = None

    def moved(self, dx: float, dy: float) -> Warp:
        """The same warp with the result shifted by (dx, dy)."""
        shift = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])
        return replace(self, matrix=shift @ self.matrix)

    def outline(self, rect: tuple[float, float, float, float], per_side: int) -> np.ndarray:
        """Polygon around a sheet rectangle, clockwise from the text's top left.

        Args:
            rect: (left, top, right, bottom) on the sheet.
            per_side: points along the top and along the bottom, at least 2.

        Returns:
            (2 * per_side, 2) float64 image points. The outer side of a bent rectangle is circumscribed, so that its
            chords do not cross the letters.
        """
        left, top, right, bottom = rect
        along = np.linspace(left, right, per_side)
        upper = np.stack([along, np.full(per_side, top)], axis=1)
        lower = np.stack([along[::-1], np.full(per_side, bottom)], axis=1)
        if self.bend is None:
            return self._project(np.concatenate([upper, lower]))
        step = (right - left) / (per_side - 1) / self.bend.radius
        outer = 1.0 / np.cos(step / 2)
        stretch = (outer, 1.0) if self.bend.side > 0 else (1.0, outer)
        plane = np.concatenate([self.bend.forward(upper, stretch[0]), self.bend.forward(lower, stretch[1])])
        return self._project(plane)

    def render(self, sheet: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
        """Resample a sheet into a rectangle of the image.

        Args:
            sheet: (h, w) or (h, w, C) uint8; 0 outside.
            corner: (x, y) of the rectangle's first pixel in the image.
            size: (height, width) of the rectangle.
        """
        x0, y0 = corner
        if self.bend is None:
            matrix = self.moved(-x0, -y0).matrix
            return cv2.warpPerspective(sheet, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR)
        inverse = np.linalg.inv(self.matrix)
        x = np.arange(x0, x0 + size[1], dtype=np.float64)[None]
        y = np.arange(y0, y0 + size[0], dtype=np.float64)[:, None]
        w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
        plane_x = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w
        plane_y = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w
        u, v = self.bend.backward(plane_x.astype(np.float32), plane_y.astype(np.float32))
        return cv2.remap(sheet, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)

    def _project(self, points: np.ndarray) -> np.ndarray:
        return cv2.perspectiveTransform(points[None].astype(np.float64), self.matrix)[0]


def random_warp(
    rng: np.random.Generator, size: tuple[int, int], tilt: float, slant: float, bend: Bend | None = None
) -> Warp:
    """A random warp that maps the middle of the sheet to the origin.

    Args:
        rng: source of every random number.
        size: (height, width) of the sheet.
        tilt: rotation in degrees, clockwise in the image.
        slant: strength of perspective and shear, as a fraction of the height; below 0.6.
        bend: arc to follow.
    """
    height, width = size
    if bend is None:
        box = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    else:
        rim = np.concatenate([bend.forward(_border(width, height)), np.zeros((1, 2))])
        (left, top), (right, bottom) = rim.min(axis=0), rim.max(axis=0)
        box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    middle = box.mean(axis=0)
    half_w, half_h = (box[2] - box[0]) / 2
    grow, shear, squeeze = rng.uniform(-slant, slant, 3)
    near, far = half_h * (1 + grow / 2), half_h * (1 - grow / 2)
    lean = shear * half_h
    half_w *= 1 - abs(squeeze) / 2
    corners = np.array([[-half_w + lean, -near], [half_w + lean, -far], [half_w - lean, far], [-half_w - lean, near]])
    angle = np.deg2rad(tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    source = (box - middle).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, (corners @ turn).astype(np.float32))
    back = np.array([[1.0, 0.0, -middle[0]], [0.0, 1.0, -middle[1]], [0.0, 0.0, 1.0]])
    return Warp(matrix @ back, bend)


def _border(width: float, height: float) -> np.ndarray:
    along = np.linspace(0, width, 17)
    return np.concatenate([np.stack([along, np.full(17, v)], axis=1) for v in (0.0, height)])
