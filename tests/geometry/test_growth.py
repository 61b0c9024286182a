"""Expansion of many polygons at once, against exact offsets and the polygon clipper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mindocr.geometry import area, expand, expand_distance, is_valid, polygon_iou, signed_area
from mindocr.geometry.growth import (
    FINEST,
    FLATNESS,
    FLATNESS_SHARE,
    _are_simple,
    _grow,
    _with_ends_repeated,
    expand_many,
)

SQUARE = np.array([[0, 0], [40, 0], [40, 40], [0, 40]], dtype=np.float32) + 100
VALLEY = np.array([[0, 0], [90, 0], [90, 90], [80, 90], [55, 30], [35, 30], [10, 90], [0, 90]], dtype=np.float32)


def exact(poly: np.ndarray, distance: float) -> shapely.Geometry:
    return shapely.buffer(shapely.polygons(np.asarray(poly, dtype=np.float64)), distance, quad_segs=64)


def share(ring: np.ndarray, shape: shapely.Geometry) -> float:
    mine = shapely.polygons(ring.astype(np.float64))
    return shapely.area(shapely.intersection(mine, shape)) / shapely.area(shapely.union(mine, shape))


def test_a_square_gets_round_corners():
    for poly in (SQUARE, SQUARE[::-1], np.roll(SQUARE, 1, axis=0)):
        ((ring,),) = expand_many([poly], np.array([8.0]))
        assert ring.dtype == np.float32
        assert area(ring) == pytest.approx(40 * 40 + 4 * 40 * 8 + np.pi * 64, rel=0.002)
        assert signed_area(ring) > 0, "clockwise on the screen"
        assert ring.min(axis=0).tolist() == pytest.approx([92, 92]) and ring.max(axis=0).tolist() == pytest.approx(
            [148, 148]
        )
        assert is_valid(ring)


def test_distances_belong_to_their_outlines():
    rings = expand_many([SQUARE, VALLEY, SQUARE + 200], np.array([4.0, 6.0, 0.0]))
    assert [np.ptp(ring[0], axis=0).round(3).tolist() for ring in rings] == [[48, 48], [102, 102], [40, 40]]
    assert share(rings[1][0], exact(VALLEY, 6.0)) > 0.99


def test_what_growing_closes_is_left_to_the_clipper():
    assert _grow([VALLEY], np.array([6.0]))[0] is not None
    bottle = np.array([[0, 0], [90, 0], [90, 90], [49, 90], [60, 30], [30, 30], [41, 90], [0, 90]], dtype=np.float32)
    assert _grow([bottle], np.array([6.0])) == [None], "the neck closes and leaves a hole"
    parts, expected = expand_many([bottle], np.array([6.0]))[0], expand(bottle, 6.0)
    assert len(parts) == len(expected) == 2
    assert polygon_iou(parts[0], expected[0]) > 0.99


def test_a_hair_has_a_round_end():
    hair = np.array([[100, 100], [140, 100], [140, 120], [160, 120], [140, 120], [140, 140], [100, 140]], np.float32)
    ((ring,),) = expand_many([hair], np.array([5.0]))
    assert ring[:, 0].max() == pytest.approx(165, abs=0.13)
    assert polygon_iou(ring, expand(hair, 5.0)[0]) > 0.99


@pytest.mark.parametrize("poly", [SQUARE[:2], SQUARE[:1], np.zeros((0, 2)), SQUARE[[0, 0, 1, 1]]])
def test_what_has_no_area_gives_what_the_clipper_gives(poly):
    (parts,) = expand_many([np.asarray(poly, dtype=np.float32)], np.array([5.0]))
    assert len(parts) == len(expand(poly, 5.0))
    assert expand_many([], np.zeros(0)) == []


def filled(shape: shapely.Geometry) -> shapely.Geometry:
    """A polygon without its holes."""
    return shapely.Polygon(shape.exterior)


@given(st.integers(0, 2**31), st.floats(0.5, 2.5), st.floats(1, 8))
@example(572, 0.5, 5.75)  # a gap that closes at exactly this distance:
@example(
    1492246486, 1.369835668371178, 1.71528775438839
)  # whether it is open depends on the flatness of the arcs at its ends
@example(295993790, 0.5610908420646807, 6.586830917145278)  # the clipper's polygon touches itself
@settings(max_examples=30)
def test_outlines_of_blobs_grow_as_they_should(seed, ratio, smooth):
    """Each is between the exact polygons of distances that are shorter or longer by the flatness of round corners."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((90, 120), dtype=np.float32), (0, 0), smooth)
    contours, _ = cv2.findContours((noise > noise.mean()).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    polys = [contour[:, 0] for contour in contours if len(contour) > 3 and is_valid(contour[:, 0])]
    distances = np.array([expand_distance(poly, ratio) for poly in polys])
    rings = _grow(polys, distances) if polys else []
    for poly, d, parts, ring in zip(polys, distances.tolist(), expand_many(polys, distances), rings):
        flat = min(FLATNESS, FLATNESS_SHARE * max(d, FINEST))
        least, most = exact(poly, d - flat), exact(poly, d + flat)
        mine = shapely.make_valid(shapely.polygons(parts[0].astype(np.float64)))
        missing = shapely.area(shapely.difference(filled(least), mine))
        beyond = shapely.area(shapely.difference(mine, filled(most)))
        assert missing + beyond < 0.02 * shapely.area(mine)
        if ring is not None:
            assert is_valid(ring) and len(parts) == 1
            assert filled(least).area - least.area < 2, "no hole is filled"


def test_crossings_are_seen():
    ring = np.exp(2j * np.pi * np.arange(12) / 12)
    eight = np.concatenate([ring, 2 - ring.conj()[::-1]])
    twice = np.concatenate([ring, ring * 1.1])
    dented = ring * np.where(np.arange(12) == 3, 0.3, 1)
    rings = [ring, ring[::-1], eight, twice, dented, ring[:2]]
    counts = np.array([len(each) for each in rings])
    assert _are_simple(np.concatenate(rings), counts).tolist() == [True, False, False, False, True, False]


def test_ends_are_repeated():
    assert _with_ends_repeated(np.array([10, 9])).tolist() == [
        *range(4, 10), *range(10), *range(6), *range(13, 19), *range(10, 19), *range(10, 16)
    ]  # fmt: skip
