"""Deformation of an image by control points, by moving least squares.

Schaefer, McPhail and Warren, "Image Deformation Using Moving Least Squares" (SIGGRAPH 2006), Section 2.2: each point is
moved by the similarity that fits the control points best, where near ones count more. Coordinates are continuous: an
image of w x h pixels covers [0, w] x [0, h], and the centre of the pixel in column c is at c + 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

# Pixels (down, across) between the points at which a deformation is computed. Text lines are deformed more from top to
# bottom than along the line.
SPACING = 8, 16
_SOFT = 1e-6  # added to squared distances in pixels, so that the weight of a control point under a point is finite


def deform(points: np.ndarray, controls: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Move points so that every control point goes to its target.

    Args:
        points: (N, 2), x and y.
        controls: (K, 2), two different ones or more.
        targets: (K, 2).

    Returns:
        (N, 2) float64; the points themselves where no control point moves.
    """
    v, p, q = (np.ascontiguousarray(each, np.float64).view(complex)[:, 0] for each in (points, controls, targets))
    return _deform(v, p, q).view(float).reshape(-1, 2)


def _deform(v: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Points, control points and targets as complex numbers, (N,), (K,) and (K,), which takes the fewest steps.

    Equation 6 of the paper is then ``q* + (v - p*) sum(w conj(p - p*) (q - q*)) / sum(w |p - p*|^2)``, with weights ``w
    = 1 / |p - v|^2`` and weighted means ``p*`` and ``q*``; sums of products minus products of means give both sums.
    """
    origin = p[0]
    p, v = p - origin, v - origin
    away = p[:, None] - v
    weights = 1.0 / (away.real**2 + away.imag**2 + _SOFT)
    terms = np.empty((4, len(p)), complex)
    terms[0], terms[1] = p, q
    conjugate = p.conj()
    np.multiply(conjugate, q, out=terms[2])
    terms[3] = (conjugate * p).real + 1j
    sums = terms @ weights
    total = sums[3].imag
    p_mean, q_mean, product = sums[:3] / total
    product -= p_mean.conj() * q_mean
    product /= sums[3].real / total - (p_mean.real**2 + p_mean.imag**2)
    product *= v - p_mean
    product += q_mean
    return product


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
    # cv2.resize puts point k at (k + 0.5) times the spacing; one more on each side, so that nothing is extrapolated.
    rows, columns = np.arange(-1, -(-h // down) + 1) + 0.5, np.arange(-1, -(-w // across) + 1) + 0.5
    points = (columns * across + 1j * (rows * down)[:, None]).ravel()
    for controls, targets in reversed(steps):  # from the last image back to the first
        p, q = (np.ascontiguousarray(each, np.float64).view(complex)[:, 0] for each in (targets, controls))
        points = _deform(points, p, q)
    grid = points.view(float).reshape(len(rows), len(columns), 2).astype(np.float32)
    grid -= 0.5
    full = cv2.resize(grid, (len(columns) * across, len(rows) * down), interpolation=cv2.INTER_LINEAR)
    return full[down : down + h, across : across + w]
