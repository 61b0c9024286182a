"""Reading order of the lines of a page: rows from top to bottom, each from left to right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.geometry import Polygon

SAME_ROW = 0.5  # share of the lower line's height by which two lines of one row overlap, at least


def reading_order(polys: Sequence[Polygon]) -> list[int]:
    """Positions of the polygons in reading order.

    A line joins the row above it whose last line it overlaps vertically by at least half of the lower height, so rows
    may be slanted. Columns are not recognised.

    Args:
        polys: (K_i, 2) each, pixels (x, y).
    """
    if not len(polys):
        return []
    boxes = np.array([[*poly.min(axis=0), *poly.max(axis=0)] for poly in map(np.asarray, polys)])
    centres = (boxes[:, 1] + boxes[:, 3]) / 2
    rows: list[list[int]] = []
    for i in np.lexsort((boxes[:, 0], centres)).tolist():
        row = next((row for row in reversed(rows) if _same_row(boxes[row[-1]], boxes[i])), None)
        if row is None:
            rows.append([i])
        else:
            row.append(i)
    rows.sort(key=lambda row: min(centres[i] for i in row))
    return [i for row in rows for i in sorted(row, key=lambda i: boxes[i, 0])]


def _same_row(one: np.ndarray, other: np.ndarray) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return bool(shared >= SAME_ROW * min(one[3] - one[1], other[3] - other[1]) and shared > 0)
