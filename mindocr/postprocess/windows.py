"""Contours of a large map, found window by window, so that no copy of the whole map is made.

The result is exactly that of one search of the whole map. Windows overlap. A contour that does not touch a side of its
window at which the map goes on is complete. It is taken from one window, the owner of the top left corner of its box.
A contour that is complete in no window is longer than the overlap: it is searched again in a window of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

SIDE = 4096  # map pixels
OVERLAP = 512

Bitmap = Callable[[int, int, int, int], np.ndarray]  # left, top, right, bottom -> (h, w) uint8, 0 or 1


class _Window(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


def contours_in_windows(
    bitmap: Bitmap, size: tuple[int, int], side: int = SIDE, overlap: int = OVERLAP
) -> list[np.ndarray]:
    """Contours of all regions and of the holes in them, as ``cv2.findContours`` returns them for the whole bitmap.

    Args:
        bitmap: returns a part of the bitmap.
        size: (h, w) of the whole bitmap.
        side, overlap: of the windows, pixels; 0 < overlap < side.

    Returns:
        (K_i, 1, 2) int32 each, ordered from the bottom upwards.
    """
    h, w = size
    rows, columns = _starts(h, side, overlap), _starts(w, side, overlap)
    found: list[np.ndarray] = []
    cut: list[tuple[int, int, int, int]] = []

    def owner(left: int, top: int) -> _Window:
        x, y = (columns[_index(left, side, overlap, len(columns))], rows[_index(top, side, overlap, len(rows))])
        return _Window(x, y, min(x + side, w), min(y + side, h))

    for top in rows:
        for left in columns:
            window = _Window(left, top, min(left + side, w), min(top + side, h))
            for contour, box in _search(bitmap, window):
                if not _is_inside(box, window, size):
                    cut.append(box)
                elif owner(box[0], box[1]) == window:
                    found.append(contour)
    for box in _united(cut):
        window = _Window(max(box[0] - 1, 0), max(box[1] - 1, 0), min(box[2] + 1, w), min(box[3] + 1, h))
        for contour, own in _search(bitmap, window):
            if _is_inside(own, window, size) and not _is_inside(own, owner(own[0], own[1]), size):
                found.append(contour)
    return sorted(found, key=lambda contour: (-int(contour[0, 0, 1]), -int(contour[0, 0, 0])))


def _starts(length: int, side: int, overlap: int) -> list[int]:
    step = side - overlap
    return list(range(0, max(length - side, 0) + step, step)) if length > side else [0]


def _index(position: int, side: int, overlap: int, count: int) -> int:
    """The window that owns a position: the last one in which it is not the first pixel."""
    return min(max(position - 1, 0) // (side - overlap), count - 1)


def _search(bitmap: Bitmap, window: _Window) -> list[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """Contours in a window with their boxes (left, top, right, bottom), in pixels of the whole map."""
    part = bitmap(*window)
    if not part.any():
        return []
    contours = cv2.findContours(part, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE, offset=(window.left, window.top))[0]
    boxes = map(cv2.boundingRect, contours)
    return [(contour, (x, y, x + w, y + h)) for contour, (x, y, w, h) in zip(contours, boxes)]


def _is_inside(box: tuple[int, int, int, int], window: _Window, size: tuple[int, int]) -> bool:
    """Whether a box does not touch a side of the window at which the map goes on."""
    h, w = size
    return (
        (box[0] > window.left or window.left == 0)
        and (box[1] > window.top or window.top == 0)
        and (box[2] < window.right or window.right == w)
        and (box[3] < window.bottom or window.bottom == h)
    )


def _united(boxes: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Boxes that touch or overlap become the box around them, until none do."""
    united = np.array(sorted(set(boxes)), dtype=np.int64).reshape(-1, 4)
    while len(united):
        left, top, right, bottom = united.T
        near = (left[:, None] <= right) & (left <= right[:, None]) & (top[:, None] <= bottom) & (top <= bottom[:, None])
        from scipy.sparse.csgraph import connected_components  # takes a while to import, and is seldom needed

        count, groups = connected_components(near, directed=False)
        if count == len(united):
            break
        merged = np.empty((count, 4), dtype=np.int64)
        for group in range(count):
            members = united[groups == group]
            merged[group] = (*members[:, :2].min(axis=0), *members[:, 2:].max(axis=0))
        united = merged
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in united]
