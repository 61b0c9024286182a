"""Deformation of an image by control points, by moving least squares.

Schaefer, McPhail and Warren, "Image Deformation Using Moving Least Squares" (SIGGRAPH 2006), Section 2.2: each point is
moved by the similarity that fits the control points best, where near ones count more. Coordinates are continuous: an
image of w x h pixels covers [0, w] x [0, h], and the centre of the pixel in column c is at c + 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

# Pixels (down, across) between the points at which a deformation is computed: powers of two, see pixel_map. Text lines
# are deformed more from top to bottom than along the line.
SPACING = 8, 16
_SOFT = 1e-6  # added to squared distances in pixels, so that the weight of a control point under a point is finite


def deform(points: np.ndarray, controls: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Move points so that every control point goes to its target.

    With points as complex numbers, equation 6 of the paper is ``q* + (v - p*) * sum(w conj(p - p*) (q - q*)) / sum(w
    |p - p*|^2)``, with weights ``w = 1 / |p - v|^2`` and weighted means ``p*`` and ``q*``.

    Args:
        points: (N, 2), x and y.
        controls: (K, 2), two different ones or more.
        targets: (K, 2).

    Returns:
        (N, 2) float64; the points themselves where no control point moves.
    """
    points, controls, targets = (np.asarray(each, np.float64) for each in (points, controls, targets))
    middle = controls.mean(axis=0)  # as origin, because sums of squares are subtracted below
    x, y = (points - middle).T
    (px, py), (qx, qy) = (controls - middle).T, targets.T
    one, squares = np.ones_like(px), px * px + py * py
    # |p - v|^2 = |v|^2 - 2 v p + |p|^2, (K, N), as one product of matrices, which takes a third of the time.
    distances = np.stack((-2 * px, -2 * py, one, squares), axis=1) @ np.stack((x, y, x * x + y * y + _SOFT, x * 0 + 1))
    # Weighted sums over the control points: of 1, p, q, |p|^2, and conj(p) q.
    terms = np.stack((one, px, py, qx, qy, squares, px * qx + py * qy, px * qy - py * qx))
    total, *sums = terms @ np.reciprocal(distances, out=distances)
    px, py, qx, qy, squares, real, imaginary = sums / total
    spread = squares - px * px - py * py
    real = (real - px * qx - py * qy) / spread
    imaginary = (imaginary - px * qy + py * qx) / spread
    x -= px
    y -= py
    return np.stack((qx + x * real - y * imaginary, qy + x * imaginary + y * real), axis=1)


def pixel_map(size: tuple[int, int], steps: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Where the pixels of a deformed image lie in the image before, for ``cv2.remap``.

    Computed at points ``SPACING`` apart and interpolated between them.

    Args:
        size: (h, w) of both images, pixels.
        steps: (controls, targets) of each deformation, the first one first: controls move to targets.

    Returns:
        (h, w, 2) float32, index of column and row.
    """
    h, w = size
    down, across = SPACING
    rows, columns = (np.arange(-(-(side - 1) // step) + 1) * step + 0.5 for side, step in zip(size, SPACING))
    x, y = np.meshgrid(columns, rows)
    points = np.stack((x.ravel(), y.ravel()), axis=1)
    for controls, targets in reversed(steps):  # from the last image back to the first
        points = deform(points, targets, controls)
    grid = (points - 0.5).astype(np.float32).reshape(len(rows), len(columns), 2)
    # Its fractions of a step are multiples of 1/32, to which OpenCV rounds positions.
    shrink = np.array([[1 / across, 0, 0], [0, 1 / down, 0]])
    return cv2.warpAffine(
        grid, shrink, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
