"""Non-maximum suppression of upright boxes, for all boxes at once instead of one after another.

Boxes are (x1, y1, x2, y2) in pixels with both borders included: width = x2 - x1 + 1.
"""

from __future__ import annotations

import numpy as np

_SLACK = 1e-3  # pixels that rounding may move the bound of the search


def keep_best(boxes: np.ndarray, threshold: float) -> np.ndarray:
    """Which boxes remain if each box, best first, removes the later ones whose IoU with it is at least a threshold.

    Only pairs that can reach the threshold are compared, so the time grows with the number of boxes that are close to
    each other in x. The result is exactly that of the usual loop.

    Args:
        boxes: (N, 4), best first.
        threshold: above 0, up to 1; a removed box removes no other.

    Returns:
        (N,) bool.
    """
    better, worse = _overlapping(np.asarray(boxes, dtype=np.float64).reshape(-1, 4), threshold)
    open_ = np.ones(len(boxes), dtype=bool)  # neither kept nor removed yet
    kept = np.zeros(len(boxes), dtype=bool)
    while len(better):
        blocked = np.zeros(len(boxes), dtype=bool)
        blocked[worse] = True
        free = open_ & ~blocked
        kept |= free
        open_ &= blocked
        open_[worse[free[better]]] = False
        undecided = open_[better] & open_[worse]
        better, worse = better[undecided], worse[undecided]
    return kept | open_


def spans(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with ``starts[i] <= j < ends[i]``, as two arrays; i ascends, and j for each i."""
    counts = np.maximum(ends - starts, 0)
    first = np.repeat(np.arange(len(starts)), counts)
    before = np.cumsum(counts) - counts
    return first, np.arange(len(first)) - np.repeat(before - starts, counts)


def _overlapping(boxes: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of positions (smaller, larger) of boxes whose IoU is at least a threshold."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, right, bottom = boxes[order].T
    wide = right - left + 1
    # The IoU is at most that of the two intervals in x, which a box reaches only if it begins early enough.
    reach = left + wide * (1 - threshold) + _SLACK
    a, b = spans(np.arange(1, len(boxes) + 1), np.searchsorted(left, reach, side="right"))
    high = np.minimum(bottom[a], bottom[b]) - np.maximum(top[a], top[b]) + 1
    near = np.flatnonzero(high > 0)
    a, b, high = a[near], b[near], high[near]
    inner = np.maximum(np.minimum(right[a], right[b]) - left[b] + 1, 0) * high
    areas = wide * (bottom - top + 1)
    over = inner >= threshold * (areas[a] + areas[b] - inner)
    i, j = order[a[over]], order[b[over]]
    return np.minimum(i, j), np.maximum(i, j)
