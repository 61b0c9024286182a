"""Random deformations of a text line by control points on its border, for :class:`~.rec_aug.RecAug`.

Luo et al., "Learn to Augment: Joint Data Augmentation and Network Optimization for Text Recognition" (CVPR 2020), whose
"text image augmentation" (TIA) has these three. Points are continuous pixels (x, y), see
``geometry/moving_least_squares.py``. Deliberate differences: positions are real numbers, and what :func:`distort` moves
up or down is limited to a third of the height, because on a long line a corner could otherwise leave the image on the
other side.
"""

from __future__ import annotations

from functools import cache

import numpy as np

Controls = tuple[np.ndarray, np.ndarray]  # control points and their targets, (K, 2) float64 each


def distort(rng: np.random.Generator, h: int, w: int, segments: int) -> Controls:
    """Corners move inwards, points between segments on the upper and lower edge in any direction.

    Args:
        rng: source of the random numbers.
        h, w: size of the image, pixels.
        segments: parts into which the line is cut; corners move by up to a third of a part, other points by a sixth.
    """
    cut = w / segments
    reach = (cut / 3, min(cut / 3, h / 3))
    shares = rng.random((2 * segments + 2, 2))
    shares[:4] *= _INWARDS
    shares[4:] -= 0.5
    controls = _edges(segments) * (w, h)
    return controls, controls + shares * reach


def stretch(rng: np.random.Generator, h: int, w: int, segments: int) -> Controls:
    """Cuts between segments move left or right by up to two fifths of a segment; corners stay."""
    controls = _edges(segments) * (w, h)
    targets = controls.copy()
    targets[4:, 0] += np.repeat((rng.random(segments - 1) - 0.5) * (w / segments * 4 / 5), 2)
    return controls, targets


def perspective(rng: np.random.Generator, h: int, w: int) -> Controls:
    """The four corners move up or down, inwards, by up to half of the height."""
    controls = _edges(1) * (w, h)
    targets = controls.copy()
    targets[:, 1] += rng.random(4) * (h / 2) * _INWARDS[:, 1]
    return controls, targets


_INWARDS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float64)  # of the corners, clockwise from the top left


@cache
def _edges(segments: int) -> np.ndarray:
    """The corners of a line of size 1, clockwise from the top left, then the upper and the lower end of each cut."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    cuts = np.repeat(np.arange(1, segments) / segments, 2)
    return np.concatenate([corners, np.stack((cuts, np.tile([0.0, 1.0], segments - 1)), axis=1)])
