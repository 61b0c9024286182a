"""Position and scale of a network's input image relative to its source image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Placement:
    """Scale and offset of a network's input: network pixel = (source pixel - offset) * scale, for each axis.

    A complete image has the offset (0, 0). A tile has the offset of its position in the image that it was cut from.

    Attributes:
        height, width: of the source image, in pixels.
        scale_y, scale_x: network pixels per source pixel, above 0.
        offset_y, offset_x: source pixels (y, x) of the top left corner of the network's input.
    """

    height: float
    width: float
    scale_y: float
    scale_x: float
    offset_y: float = 0.0
    offset_x: float = 0.0

    @classmethod
    def from_shape(cls, shape: np.ndarray | Sequence[float]) -> Placement:
        """The placement of a complete image, from a row of ``shape_list``: source h, source w, ratio_h, ratio_w."""
        return cls(*np.asarray(shape, dtype=np.float64).tolist())

    def to_source(self, points: np.ndarray) -> np.ndarray:
        """Convert points from network pixels to source pixels, clipped to the source image.

        Args:
            points: (N, 2) of (x, y).

        Returns:
            (N, 2) float64, coordinates in [0, width] x [0, height].
        """
        x, y = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
        return np.stack(self.columns_to_source(x, y), axis=1)

    def from_source(self, points: np.ndarray) -> np.ndarray:
        """Convert points (N, 2) of (x, y) from source pixels to network pixels, (N, 2) float64; no clipping."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        return (points - (self.offset_x, self.offset_y)) * (self.scale_x, self.scale_y)

    def columns_to_source(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`to_source`, for coordinates in two arrays (N,), which is faster in NumPy."""
        x = x / np.float64(self.scale_x) + self.offset_x
        y = y / np.float64(self.scale_y) + self.offset_y
        return np.minimum(np.maximum(x, 0), self.width), np.minimum(np.maximum(y, 0), self.height)
