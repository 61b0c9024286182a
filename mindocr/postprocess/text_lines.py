"""Text lines from strips: CTPN's text-line construction (Tian et al., ECCV 2016, section 3.2).

A strip is a box of one step of the feature map, (x1, y1, x2, y2) in pixels with both borders included. Strips of one
line follow each other from left to right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mindocr.geometry.suppression import spans

MORE_HEIGHT = 2.5  # pixels that oriented lines are higher than the mean of their strips (eragonruan's detector)
_NONE = -1


class Links(NamedTuple):
    """When two strips may belong to one line.

    Attributes:
        max_gap: largest distance of their left sides, in pixels.
        min_overlap: least overlap in y, as a share of the lower one, in [0, 1].
        min_similarity: least ratio of the smaller to the larger height, in [0, 1].
    """

    max_gap: int
    min_overlap: float
    min_similarity: float

    def fit(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """(M,) bool, for the (y1, y2) of M pairs of strips, each (2, M)."""
        common = np.maximum(np.minimum(one[1], other[1]) - np.maximum(one[0], other[0]) + 1, 0)
        high, other_high = one[1] - one[0] + 1, other[1] - other[0] + 1
        low, tall = np.minimum(high, other_high), np.maximum(high, other_high)
        return (common >= self.min_overlap * low) & (low >= self.min_similarity * tall)


def follow(boxes: np.ndarray, scores: np.ndarray, links: Links) -> np.ndarray:
    """The next strip of each strip, or -1.

    The candidates of a strip are those of the nearest column to the right, at most ``max_gap`` pixels away, that fit;
    the best of them is the next one, if the strip is at least as good as all candidates of that one to the left.

    Args:
        boxes: (N, 4) strips, best first.
        scores: (N,) descending.
    """
    column = boxes[:, 0].astype(np.intp)
    order = np.argsort(column, kind="stable")
    column, sides = column[order], boxes[order][:, [1, 3]].T
    left, right = spans(np.searchsorted(column, column, side="right"),
                        np.searchsorted(column, column + links.max_gap, side="right"))  # fmt: skip
    fits = links.fit(sides[:, left], sides[:, right])
    left, right = left[fits], right[fits]
    following = np.full(len(boxes), _NONE, dtype=np.intp)
    if not len(left):
        return following
    following[order] = _best_of_nearest(left, right, column, order, len(boxes))
    turned = np.lexsort((-left, right))
    best_before = np.full(len(boxes), _NONE, dtype=np.intp)
    best_before[order] = _best_of_nearest(right[turned], left[turned], column, order, len(boxes))
    one = np.flatnonzero(following >= 0)
    beaten = scores[one] < scores[best_before[following[one]]]
    following[one[beaten]] = _NONE
    return following


def _best_of_nearest(
    owner: np.ndarray, other: np.ndarray, column: np.ndarray, order: np.ndarray, count: int
) -> np.ndarray:
    """For each owner, the best strip in the column of its first pair; -1 for those without pairs.

    Args:
        owner, other: pairs of places in ``column``; all pairs of an owner are adjacent, nearest column first.
        order: strip at each place; the lower its number, the better it is.
    """
    first = np.flatnonzero(np.diff(owner, prepend=_NONE))
    nearest = np.repeat(column[other[first]], np.diff(first, append=len(owner)))
    kept = column[other] == nearest
    owner, other = owner[kept], other[kept]
    first = np.flatnonzero(np.diff(owner, prepend=_NONE))
    best = np.full(count, _NONE, dtype=np.intp)
    best[owner[first]] = np.minimum.reduceat(order[other], first)
    return best


def chains(following: np.ndarray) -> np.ndarray:
    """(L, T) strips of each line from left to right, filled up with -1.

    A line begins at a strip that follows no other and has a next one, so a single strip is no line. Two lines may end
    in the same strips.
    """
    has_next = following >= 0
    has_previous = np.zeros(len(following), dtype=bool)
    has_previous[following[has_next]] = True
    ahead = np.append(following, _NONE)  # at -1: -1
    steps = [np.flatnonzero(has_next & ~has_previous)]
    while (further := ahead[steps[-1]]).max(initial=_NONE) >= 0:
        steps.append(further)
    return np.stack(steps, axis=1)


class Lines(NamedTuple):
    """Text lines: quads (L, 4, 2) from the top left clockwise, pixels; and their scores (L,)."""

    quads: np.ndarray
    scores: np.ndarray


class _Line(NamedTuple):
    """Straight lines y = slope * x + rest for L text lines, each (L,)."""

    slope: np.ndarray
    rest: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        return self.slope * x + self.rest


def lines_of(
    members: np.ndarray, boxes: np.ndarray, scores: np.ndarray, oriented: bool, sides: np.ndarray | None = None
) -> Lines:
    """Outlines and scores of text lines.

    Upright: straight lines are fitted to the upper and to the lower sides of the strips; the box reaches from the
    higher end of the upper line to the lower end of the lower line. Oriented: a straight line is fitted to the centres;
    the rotated rectangle around it has the mean height of the strips and :data:`MORE_HEIGHT` pixels.

    Args:
        members: (L, T) strips of each line from left to right, filled up with -1.
        boxes, scores: (N, 4) and (N,) of the strips.
        oriented: rotated rectangles instead of upright ones.
        sides: (N,) x where a line ends that has the strip as its first or last one; None: the sides of the strips.
    """
    present = members >= 0
    x1, y1, x2, y2 = boxes[members].transpose(2, 0, 1)
    count = present.sum(axis=1)
    left = np.where(present, x1, np.inf).min(axis=1)
    right = np.where(present, x2, -np.inf).max(axis=1)
    if sides is not None:
        begin, end = sides[members[:, 0]], sides[members[np.arange(len(members)), count - 1]]
        good = begin < end
        left, right = np.where(good, begin, left), np.where(good, end, right)
    mean_scores = np.where(present, scores[members], 0).sum(axis=1) / count
    if oriented:
        middle = _fit((x1 + x2) / 2, (y1 + y2) / 2, present)
        high = np.where(present, y2 - y1, 0).sum(axis=1) / count + MORE_HEIGHT
        return Lines(_slanted(left, right, middle, high), mean_scores)
    offset = (x2[:, 0] - x1[:, 0]) / 2  # half of the first strip
    upper, lower = _fit(x1, y1, present), _fit(x1, y2, present)
    top = np.minimum(upper.at(left + offset), upper.at(right - offset))
    bottom = np.maximum(lower.at(left + offset), lower.at(right - offset))
    return Lines(upright_quads(np.stack([left, top, right, bottom], axis=1)), mean_scores)


def upright_quads(boxes: np.ndarray) -> np.ndarray:
    """Corners (L, 4, 2) of boxes (L, 4), from the top left clockwise."""
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)


def _fit(x: np.ndarray, y: np.ndarray, present: np.ndarray) -> _Line:
    """Least squares in each row of (L, T) points; the x of a row are not all equal."""
    count = present.sum(axis=1)
    centre_x, centre_y = (np.where(present, each, 0).sum(axis=1) / count for each in (x, y))
    dx = np.where(present, x - centre_x[:, None], 0)
    slope = (dx * (y - centre_y[:, None])).sum(axis=1) / (dx * dx).sum(axis=1)
    return _Line(slope, centre_y - slope * centre_x)


def _slanted(left: np.ndarray, right: np.ndarray, middle: _Line, high: np.ndarray) -> np.ndarray:
    """Quads (L, 4, 2) around the centre lines; two corners are moved along the line, so that the angles are right."""
    ends = np.stack([left, right, right, left], axis=1)
    rest = middle.rest[:, None] + high[:, None] / 2 * [-1, -1, 1, 1]
    quads = np.stack([ends, middle.slope[:, None] * ends + rest], axis=2)
    wide, rise = (quads[:, 1] - quads[:, 0]).T
    length = np.hypot(wide, rise)
    along = high * rise / length
    moved = np.abs(np.stack([along * wide / length, along * rise / length], axis=1))
    falls = middle.slope >= 0  # to the right, on the screen
    quads[falls, 1] += moved[falls]
    quads[falls, 3] -= moved[falls]
    up = moved[~falls] * [-1, 1]
    quads[~falls, 0] += up
    quads[~falls, 2] -= up
    return quads
