"""Rotated boxes ``x y w h theta`` as in MSRA-TD500, converted to corners and back.

``x, y`` is the top left corner of the box before rotation by ``theta`` radians about its centre, clockwise on the
screen. Unlike four corners, such a box states the reading direction.
"""

from __future__ import annotations

import numpy as np


def rotated_corners(boxes: np.ndarray) -> np.ndarray:
    """Corners of rotated boxes.

    Args:
        boxes: (N, 5), x, y, w, h in pixels and theta in radians.

    Returns:
        (N, 4, 2) float64, in the order top left, top right, bottom right, bottom left of the box before rotation.
    """
    x, y, w, h, theta = np.asarray(boxes, dtype=np.float64).reshape(-1, 5).T
    across = w[:, None] / 2 * np.array([-1, 1, 1, -1])
    down = h[:, None] / 2 * np.array([-1, -1, 1, 1])
    cosine, sine = np.cos(theta)[:, None], np.sin(theta)[:, None]
    return np.stack(
        [(x + w / 2)[:, None] + cosine * across - sine * down, (y + h / 2)[:, None] + sine * across + cosine * down],
        axis=-1,
    )


def rotated_boxes_of(quads: np.ndarray) -> np.ndarray:
    """Rotated boxes from their corners, in the order of :func:`rotated_corners`.

    Opposite sides of a quadrilateral that is no rectangle are averaged.

    Args:
        quads: (N, 4, 2) corners in pixels; the reading direction is from the first to the second.

    Returns:
        (N, 5) float64, x, y, w, h in pixels and theta in (-pi, pi].
    """
    corners = np.asarray(quads, dtype=np.float64).reshape(-1, 4, 2)
    along = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]) / 2
    across = (corners[:, 3] - corners[:, 0] + corners[:, 2] - corners[:, 1]) / 2
    w, h = np.hypot(*along.T), np.hypot(*across.T)
    x, y = corners.mean(axis=1).T
    return np.stack([x - w / 2, y - h / 2, w, h, np.arctan2(along[:, 1], along[:, 0])], axis=1)
