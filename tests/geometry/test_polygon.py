"""Areas, validity, repair, clipping and transforms of polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry import polygon

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], dtype=np.float32)
BOW_TIE = SQUARE[[0, 2, 1, 3]]
L_SHAPE = np.array([[0, 0], [20, 0], [20, 10], [10, 10], [10, 20], [0, 20]], dtype=np.float32)


def star_polygons() -> st.SearchStrategy[np.ndarray]:
    """Simple polygons, convex or not: points at random distances around a centre, ordered by angle."""
    distances = st.lists(st.floats(5, 80, width=32), min_size=3, max_size=12)
    centres = st.tuples(st.floats(-50, 250), st.floats(-50, 250))

    def build(values: list[float], centre: tuple[float, float]) -> np.ndarray:
        angles = np.arange(len(values)) * 2 * np.pi / len(values)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(values)[:, None] + centre

    return st.builds(build, distances, centres)


def test_area_is_positive_for_points_running_clockwise_on_the_screen():
    assert polygon.signed_area(SQUARE) == 100
    assert polygon.signed_area(SQUARE[::-1]) == -100
    assert polygon.area(SQUARE[::-1]) == 100
    assert polygon.area(SQUARE[:2]) == 0
    assert polygon.signed_area(BOW_TIE) == 0


def test_area_far_from_the_origin_loses_no_digits():
    assert polygon.area(SQUARE.astype(np.float64) + 1e7) == pytest.approx(100, abs=1e-6)


def test_perimeter_counts_the_closing_side():
    assert polygon.perimeter(SQUARE) == 40
    assert polygon.perimeter(np.array([[0, 0], [3, 4]])) == 10
    assert polygon.perimeter(SQUARE[:1]) == 0


@given(star_polygons())
@settings(max_examples=60)
def test_area_and_perimeter_agree_with_shapely(poly):
    shape = shapely.Polygon(poly)
    assert polygon.area(poly) == pytest.approx(shape.area, rel=1e-9)
    assert polygon.perimeter(poly) == pytest.approx(shape.length, rel=1e-9)
    assert polygon.bounding_box(poly) == pytest.approx(shape.bounds)


def test_validity():
    assert polygon.is_valid(SQUARE)
    assert polygon.is_valid(SQUARE[[0, 1, 1, 2, 3, 0]]), "repeated and closing points are harmless"
    assert polygon.is_simple(L_SHAPE)
    for bad in (BOW_TIE, SQUARE[:2], SQUARE[[0, 0, 0, 0]], np.array([[0, 0], [5, 0], [9, 0]]), SQUARE * np.nan):
        assert not polygon.is_valid(bad)
        assert not polygon.is_simple(bad)


def test_convexity():
    pentagram = np.array([[np.cos(a), np.sin(a)] for a in np.arange(5) * 4 * np.pi / 5])
    assert polygon.is_convex(SQUARE)
    assert polygon.is_convex(SQUARE[::-1])
    assert polygon.is_convex(np.array([[0, 0], [5, 0], [10, 0], [10, 10]])), "a straight corner is convex"
    for bent in (L_SHAPE, BOW_TIE, pentagram, SQUARE[:2], np.array([[0, 0], [10, 0], [5, 0]])):
        assert not polygon.is_convex(bent)


def test_orientation_keeps_the_first_point():
    assert np.array_equal(polygon.orient_clockwise(SQUARE[::-1]), SQUARE[[3, 0, 1, 2]])
    assert polygon.orient_clockwise(SQUARE) is SQUARE


def test_repair_keeps_the_largest_part_of_the_even_odd_region():
    lopsided = np.array([[0, 0], [30, 30], [30, 0], [0, 10]], dtype=np.float32)
    repaired = polygon.repair(lopsided)
    assert polygon.is_valid(repaired)
    parts = polygon.even_odd_parts(lopsided)
    assert polygon.area(repaired) == pytest.approx(max(part.area for part in parts), rel=1e-5)
    assert len(parts) == 2
    assert polygon.repair(SQUARE[[0, 1, 1, 2, 3]]).tolist() == SQUARE.tolist()
    assert polygon.repair(SQUARE[[0, 0, 1, 1]]) is None


def test_a_polygon_inside_the_image_is_not_clipped():
    pieces = polygon.clip_to_rect(SQUARE, w=10, h=10)
    assert len(pieces) == 1
    assert np.array_equal(pieces[0], SQUARE)


def test_clipping_cuts_at_the_image_border_and_keeps_the_reading_order():
    (piece,) = polygon.clip_to_rect(SQUARE + (5, 4), w=10, h=10)
    assert piece.tolist() == [[5, 4], [10, 4], [10, 10], [5, 10]]
    (reversed_piece,) = polygon.clip_to_rect((SQUARE + (5, 4))[::-1], w=10, h=10)
    assert polygon.signed_area(reversed_piece) == -30
    assert reversed_piece[0].tolist() == [5, 10], "nearest to the first point (5, 14)"


def test_clipping_a_concave_polygon_gives_every_piece_largest_first():
    comb = np.array([[0, -5], [30, -5], [30, 8], [20, 8], [20, -2], [10, -2], [10, 4], [0, 4]], dtype=np.float32)
    pieces = polygon.clip_to_rect(comb, w=100, h=100)
    assert [polygon.area(piece) for piece in pieces] == [80, 40]


def test_nothing_is_left_of_a_polygon_outside_the_image():
    assert polygon.clip_to_rect(SQUARE - 10, w=100, h=100) == []
    assert polygon.clip_to_rect(SQUARE + (0, 200), w=100, h=100) == []
    assert polygon.clip_to_rect(np.zeros((0, 2)), w=100, h=100) == []


@given(star_polygons())
@settings(max_examples=60)
def test_clipping_agrees_with_shapely_and_stays_inside(poly):
    pieces = polygon.clip_to_rect(poly, w=200, h=120)
    expected = shapely.Polygon(poly).intersection(shapely.box(0, 0, 200, 120)).area
    assert sum(polygon.area(piece) for piece in pieces) == pytest.approx(expected, rel=1e-4, abs=1e-2)
    for piece in pieces:
        xmin, ymin, xmax, ymax = polygon.bounding_box(piece)
        assert xmin >= 0 and ymin >= 0 and xmax <= 200 and ymax <= 120


def test_transform_maps_polygons_of_any_length():
    shift = np.array([[2, 0, 1], [0, 3, -1], [0, 0, 1]], dtype=np.float64)
    first, second = polygon.transform([SQUARE, L_SHAPE], shift)
    assert first.tolist() == (SQUARE * (2, 3) + (1, -1)).tolist()
    assert second.shape == (6, 2) and second.dtype == np.float32
    assert polygon.transform([], shift) == []


def test_transform_divides_by_the_third_component():
    perspective = np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1]])
    (mapped,) = polygon.transform([np.array([[10, 4], [0, 4], [0, 0]])], perspective)
    assert mapped.tolist() == [[5, 2], [0, 4], [0, 0]]


@given(star_polygons(), st.floats(-3, 3), st.floats(0.2, 4))
@settings(max_examples=40)
def test_transform_there_and_back(poly, angle, scale):
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cos, -sin, 7], [sin, cos, -3], [0, 0, 1]])
    (there,) = polygon.transform([poly], matrix)
    (back,) = polygon.transform([there], np.linalg.inv(matrix))
    assert np.allclose(back, poly, atol=1e-2)
    assert polygon.area(there) == pytest.approx(polygon.area(poly) * scale**2, rel=1e-3)
