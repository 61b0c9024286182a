"""Intersection areas and IoU, against shapely one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mindocr.geometry.overlap import Regions, intersection_area, pairwise_intersection, pairwise_iou, polygon_iou

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], dtype=np.float32)
BOW_TIE = SQUARE[[0, 2, 1, 3]]


def test_overlap_of_squares():
    assert intersection_area(SQUARE, SQUARE + 5) == 25
    assert polygon_iou(SQUARE, SQUARE + 5) == pytest.approx(25 / 175)
    assert polygon_iou(SQUARE, SQUARE[::-1]) == 1
    assert polygon_iou(SQUARE, SQUARE + (10, 0)) == 0, "touching is not overlapping"


def test_concave_polygons_overlap_where_they_are():
    corner = np.array([[0, 0], [20, 0], [20, 5], [5, 5], [5, 20], [0, 20]])
    assert intersection_area(corner, SQUARE + 5) == 0
    assert intersection_area(corner, SQUARE) == 75


def test_self_crossing_polygons_follow_the_stated_policy():
    assert intersection_area(BOW_TIE, SQUARE) == 50, "even-odd region"
    assert Regions([BOW_TIE]).areas.tolist() == [0], "shoelace area"
    assert polygon_iou(BOW_TIE, SQUARE) == 1
    assert polygon_iou(BOW_TIE, BOW_TIE) == -1


def test_degenerate_polygons_overlap_nothing():
    line, point, pair = SQUARE[[0, 1, 0, 1]], SQUARE[[0, 0, 0]], SQUARE[:2]
    overlaps = pairwise_iou([line, point, pair, np.zeros((0, 2))], [SQUARE, line, pair])
    assert np.array_equal(overlaps, np.zeros((4, 3)))


def test_repeated_and_closing_points_are_harmless():
    assert polygon_iou(SQUARE[[0, 1, 1, 2, 3, 0]], SQUARE) == 1


def test_empty_lists():
    assert pairwise_intersection([], [SQUARE]).shape == (0, 1)
    assert pairwise_iou([SQUARE], []).shape == (1, 0)


def test_a_coordinate_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        pairwise_iou([SQUARE * np.nan], [SQUARE])


points = st.tuples(st.floats(0, 60, width=16), st.floats(0, 60, width=16))
polygons = st.lists(st.lists(points, min_size=3, max_size=6), min_size=1, max_size=5)


@given(polygons, polygons)
@example([[(0, 0), (0, 20), (26, 26)]], [[(26, 26), (0, 20), (1, 0), (0, 37)]])
@settings(max_examples=60)
def test_all_pairs_agree_with_shapely_one_by_one(first, second):
    a, b = [np.array(p) for p in first], [np.array(p) for p in second]
    regions = [[shapely.make_valid(shapely.Polygon(p)) for p in group] for group in (a, b)]
    # not a union of the parts: rounding moves their common points, so that common sides would cross
    parts = [[shapely.get_parts(shapely.get_parts(region)) for region in group] for group in regions]
    pieces = [[shapely.MultiPolygon([p for p in each if p.area > 0]) for each in group] for group in parts]
    expected = [[x.intersection(y).area for y in pieces[1]] for x in pieces[0]]
    assert np.allclose(pairwise_intersection(a, b), expected, atol=1e-6)
    assert np.allclose(pairwise_intersection(b, a), np.transpose(expected), atol=1e-6)
