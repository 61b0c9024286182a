"""Many outlines moved outwards at once: what :func:`mindocr.geometry.offset.expand` does, several times faster.

An outline moved outwards by d is the border of the union of discs of radius d whose centres lie on it. Here the outline
is sampled, each sample carries its point of the moved outline, and points that fall into the disc of a neighbour are
struck out; arrays hold the samples of all outlines together. What is left is taken when its turns prove that it does
not cross itself. Otherwise, and for outlines that growing tears or closes, the polygon clipper decides.

Points are complex numbers x + iy in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mindocr.geometry.offset import expand
from mindocr.geometry.polygon import Polygon

FLATNESS = 0.2  # pixels by which the chord of a round corner may stay inside, and no more than
FLATNESS_SHARE = 0.025  # this share of the distance
SPACING = 0.6  # between samples along an edge, as a share of the distance
REACH = 6  # samples on either side that may cover a point: the two distances that matter, and some for arcs
SLACK = 0.002  # pixels by which a point may lie inside a disc,
ROUNDING = 1e-6  # and this share of the squares that float32 rounds
FINEST = 0.1  # pixels; round corners of a smaller radius are flattened as those of this one
SMALLEST = 1.0  # pixels; shorter distances need many samples for little
RETURN = np.float32(np.pi - 1e-3)  # an outline that turns as far comes back on itself
LARGEST_DROP = 0.95 * np.pi  # how far an outline may turn back in all without being able to cross itself


class _Rings(NamedTuple):
    """How rings stand in a row: points of each, and for every point its ring and the points before and after it."""

    counts: np.ndarray
    starts: np.ndarray
    owner: np.ndarray
    before: np.ndarray
    after: np.ndarray


class _Samples(NamedTuple):
    """Samples of P outlines, one outline after the other.

    Attributes:
        centre: (M,) complex64, points of the outlines.
        outward: (M,) complex64 of length 1.
        inner: (M,) bool, between the ends of an edge.
        counts: (P,) samples of each outline.
        turns: (P,) radians by which each outline turns in all, 2 pi where it does not cross itself.
    """

    centre: np.ndarray
    outward: np.ndarray
    inner: np.ndarray
    counts: np.ndarray
    turns: np.ndarray


def expand_many(polys: Sequence[Polygon], distances: np.ndarray) -> list[list[Polygon]]:
    """Move each outline outwards by its own distance, with round corners.

    Args:
        polys: P simple polygons (K_i, 2) in pixels, in either direction.
        distances: (P,) pixels, not negative.

    Returns:
        For each, what :func:`expand` gives, up to 2 % of the area: round corners are flattened, the tips of narrow bays
        lie elsewhere, and a bay whose mouth closes at this very distance may stay open.
    """
    rings: list[Polygon | None] = [None] * len(polys)
    able = [i for i, (poly, d) in enumerate(zip(polys, distances.tolist())) if d >= SMALLEST and len(poly) >= 3]
    if able:
        for i, ring in zip(able, _grow([polys[i] for i in able], distances[able])):
            rings[i] = ring
    return [
        expand_one(poly, distance) if ring is None else [ring]
        for ring, poly, distance in zip(rings, polys, distances.tolist())
    ]


def expand_one(poly: Polygon, distance: float) -> list[Polygon]:
    """What :func:`expand` gives, with arcs as flat as in :func:`expand_many`; faster for up to a dozen outlines."""
    return expand(poly, distance, arc_tolerance=min(FLATNESS, FLATNESS_SHARE * max(distance, FINEST)))


def _grow(outlines: Sequence[Polygon], distances: np.ndarray) -> list[Polygon | None]:
    """The moved outlines, clockwise on the screen; None where this way of making them does not suffice."""
    rings = _in_a_row(np.array([len(outline) for outline in outlines], dtype=np.intp))
    points = np.concatenate(outlines).astype(np.float32).view(np.complex64)[:, 0]
    origin = points[rings.starts]  # near the origin, no digits are lost in products
    reach = distances.astype(np.float32)
    samples = _sample(_clockwise(points - origin[rings.owner], rings), rings, reach)
    owner = np.repeat(np.arange(len(reach)), samples.counts)
    kept = _uncovered(samples, owner, reach[owner])
    # a sample inside an edge adds nothing while both its neighbours stay
    steps = np.diff(kept)
    plain = samples.inner[kept]
    plain[[0, -1]] = False
    plain[1:-1] &= (steps[1:] == 1) & (steps[:-1] == 1)
    kept = kept[~plain]
    owner = owner[kept]
    moved = samples.centre[kept] + reach[owner] * samples.outward[kept]
    counts = np.bincount(owner, minlength=len(reach))
    repeated = np.logical_or.reduceat(points == points[rings.after], rings.starts)
    simple = _are_simple(moved, counts) & ~repeated & _go_once_around(samples.turns)
    xy = (moved + origin[owner]).view(np.float32).reshape(-1, 2)
    ends = np.cumsum(counts).tolist()
    return [xy[end - n : end] if good else None for end, n, good in zip(ends, counts.tolist(), simple.tolist())]


def _in_a_row(counts: np.ndarray) -> _Rings:
    ends = np.cumsum(counts)
    starts = ends - counts
    before, after = np.arange(-1, int(ends[-1]) - 1), np.arange(1, int(ends[-1]) + 1)
    before[starts] = ends - 1
    after[ends - 1] = starts
    return _Rings(counts, starts, np.repeat(np.arange(len(counts)), counts), before, after)


def _clockwise(points: np.ndarray, rings: _Rings) -> np.ndarray:
    """The outlines, those that run the other way on the screen turned round."""
    turned = np.add.reduceat((points.conj() * points[rings.after]).imag, rings.starts) < 0
    position = np.arange(len(points))
    mirrored = (2 * rings.starts + rings.counts - 1)[rings.owner] - position
    return points[np.where(turned[rings.owner], mirrored, position)]


def _sample(points: np.ndarray, rings: _Rings, reach: np.ndarray) -> _Samples:
    """Samples of outlines that run clockwise on the screen.

    A corner that points outwards has as many as its arc needs, a corner that points inwards one, an edge those that
    keep :data:`SPACING`.
    """
    along = points[rings.after] - points
    length = np.abs(along)
    normal = along * (-1j / np.maximum(length, np.float32(1e-6))).astype(np.complex64)
    previous = normal[rings.before]
    corner = np.angle(normal * previous.conj())  # positive where the corner points outwards
    np.abs(corner, out=corner, where=corner < -RETURN)  # the tip of a hair, where the sign is that of a zero
    chord = 2 * np.arccos(1 - np.minimum(FLATNESS / reach, FLATNESS_SHARE))
    pieces = np.maximum(np.ceil(corner / chord[rings.owner] - 0.25), 1) * (corner > 0)
    parts = np.maximum(np.ceil(length / (SPACING * reach)[rings.owner]), 1)
    each = (pieces + parts).astype(np.intp)
    ends = np.cumsum(each)
    whose = np.repeat(np.arange(len(each)), each)
    number = (np.arange(len(whose)) - (ends - each)[whose]).astype(np.float32)
    # round an outward corner from 0 in equal steps; an inward one has one sample, half-way
    start = corner / 2 * (corner <= 0)
    last = np.maximum(pieces, 1)
    angle = start[whose] + np.minimum(number, last[whose]) * ((corner - start) / last)[whose]
    beyond = number - pieces[whose]  # above 0: so many parts along the edge
    outward = np.empty(len(whose), dtype=np.complex64)
    np.cos(angle, out=outward.real, casting="same_kind")
    np.sin(angle, out=outward.imag, casting="same_kind")
    outward *= previous[whose]
    centre = points[whose] + np.maximum(beyond, 0, dtype=np.float32) * (along / parts)[whose]
    turns = np.add.reduceat(corner, rings.starts)
    return _Samples(centre, outward, beyond > 0, np.add.reduceat(each, rings.starts), turns)


def _uncovered(samples: _Samples, owner: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Positions of the samples whose moved point no neighbour's disc covers.

    Args:
        samples: M, of P outlines.
        owner: (M,) the outline of each.
        reach: (M,) float32, how far each moves.
    """
    x, y = samples.centre.real, samples.centre.imag
    push = samples.outward * (2 * reach)
    square = x * x + y * y
    # with t from a sample to a neighbour and the moved point at d n, the point lies t (2 d n - t) deep, squared; what
    # hangs on the sample alone is kept apart
    limit = x * push.real + y * push.imag + (1 + ROUNDING) * square + 2 * SLACK * reach
    source = _with_ends_repeated(samples.counts)
    centre, push = samples.centre[source], (push + 2 * samples.centre)[source[REACH:-REACH]]
    x, y, square, limit = centre.real.copy(), centre.imag.copy(), square[source], limit[source[REACH:-REACH]]
    u, v = push.real.copy(), push.imag.copy()
    deepest = np.full(len(u), -np.inf, dtype=np.float32)
    depth, term = np.empty_like(deepest), np.empty_like(deepest)
    for shift in (*range(REACH), *range(REACH + 1, 2 * REACH + 1)):
        other = slice(shift, shift + len(u))
        np.multiply(x[other], u, out=depth)
        np.multiply(y[other], v, out=term)
        depth += term
        depth -= square[other]
        np.maximum(deepest, depth, out=deepest)
    free = deepest <= limit
    return np.flatnonzero(free[np.arange(len(owner)) + 2 * REACH * owner])


def _with_ends_repeated(counts: np.ndarray) -> np.ndarray:
    """Positions of rings that stand in a row, each with its last :data:`REACH` before it and its first after it."""
    starts = np.cumsum(counts) - counts
    begins = starts + 2 * REACH * np.arange(len(counts))
    step = np.ones(int(counts.sum()) + 2 * REACH * len(counts), dtype=np.intp)
    step[begins[1:]] = (starts + counts - REACH)[1:] - (starts + REACH - 1)[:-1]
    step[0] = counts[0] - REACH
    step[begins + REACH] = step[begins + REACH + counts] = 1 - counts
    return np.cumsum(step)


def _are_simple(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(P,) bool: rings that go around once and never turn back far enough to cross themselves.

    A loop that runs the wrong way turns back by more than half a turn. A ring that turns once around in all, and turns
    back by less anywhere, has no such loop.

    Args:
        points: (M,) complex, ring after ring, meant to run clockwise on the screen.
        counts: (P,) points of each.
    """
    enough = counts >= 3
    result = np.zeros(len(counts), dtype=bool)
    if not enough.any():
        return result
    rings = _in_a_row(counts[enough])
    points = points[np.repeat(enough, counts)]
    along = points[rings.after] - points
    turn = np.angle(along * along[rings.before].conj())
    once = _go_once_around(np.add.reduceat(turn, rings.starts))
    # no stretch turns back by more than all that turns back
    simple = once & (np.add.reduceat(np.minimum(turn, 0), rings.starts) > -LARGEST_DROP)
    doubtful = once & ~simple
    if doubtful.any():
        simple[doubtful] = _no_long_drop(turn[np.repeat(doubtful, rings.counts)], rings.counts[doubtful])
    result[enough] = simple
    return result


def _go_once_around(turns: np.ndarray) -> np.ndarray:
    return np.abs(turns - 2 * np.pi) < 1e-2


def _no_long_drop(turn: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which rings turn back by less than :data:`LARGEST_DROP` on any stretch, for rings that go around once."""
    starts = np.cumsum(counts) - counts
    turned = np.cumsum(turn, dtype=np.float64)
    apart = 1e4 * np.repeat(np.arange(len(counts)), counts)  # more than any ring turns, so that each starts anew
    on, back = turned - apart, turned + apart
    fallen = np.maximum.reduceat(np.maximum.accumulate(back) - back, starts)
    risen = np.maximum.reduceat(on - np.minimum.accumulate(on), starts)
    # turning on by more than once around leaves as much turning back for the way from there to the start
    return (fallen < LARGEST_DROP) & (risen < 2 * np.pi + LARGEST_DROP)
