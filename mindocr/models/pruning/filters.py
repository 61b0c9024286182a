"""Scores of the filters of a layer, and which of them stay (FPGM: He et al., CVPR 2019).

A filter near the geometric median of its layer can be expressed by the others, so it is removed; that it is small is no
reason.
"""

from __future__ import annotations

import math

import numpy as np


def distances(weight: np.ndarray) -> np.ndarray:
    """For each filter the sum of its Euclidean distances to all other filters of the layer.

    Args:
        weight: (filters, ...), of a convolution (out, in, kh, kw).

    Returns:
        (filters,) float64; the smallest belongs to the filter nearest to the geometric median.
    """
    filters = np.asarray(weight, np.float64).reshape(len(weight), -1)
    # One row at a time: all differences at once would need filters ** 2 * size numbers
    return np.array([np.linalg.norm(filters - each, axis=1).sum() for each in filters])


def kept_number(filters: int, ratio: float, multiple: int = 1) -> int:
    """How many of ``filters`` stay if the share ``ratio`` is removed; at least one.

    Args:
        ratio: in [0, 1).
        multiple: round up to a multiple of this number, and not above ``filters``.
    """
    kept = max(1, filters - math.floor(filters * ratio + 1e-9))
    return min(filters, -(-kept // multiple) * multiple)


def kept_filters(weight: np.ndarray, number: int) -> np.ndarray:
    """Which filters stay: those with the largest :func:`distances`.

    Args:
        weight: (filters, ...).
        number: how many stay. Of equal filters the first are removed.

    Returns:
        (filters,) bool.
    """
    kept = np.ones(len(weight), bool)
    kept[np.argsort(distances(weight), kind="stable")[: len(weight) - number]] = False
    return kept
