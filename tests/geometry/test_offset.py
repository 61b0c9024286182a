"""Shrinking and expanding polygons; the reference is an unscaled polygon clipper or shapely's buffer."""

from __future__ import annotations

import cv2
import numpy as np
import pyclipper
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry import polygon
from mindocr.geometry.offset import expand, expand_distance, expand_rectangle, offset, offset_distance, shrink

RECTANGLE = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], dtype=np.float32)


def star_polygons(low: float = 20, high: float = 80) -> st.SearchStrategy[np.ndarray]:
    distances = st.lists(st.floats(low, high, width=32), min_size=3, max_size=10)

    def build(values: list[float]) -> np.ndarray:
        angles = np.arange(len(values)) * 2 * np.pi / len(values)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(values)[:, None] + 100

    return st.builds(build, distances)


def rectangles() -> st.SearchStrategy[tuple[np.ndarray, float, float]]:
    def build(x: float, y: float, w: float, h: float, angle: float) -> tuple[np.ndarray, float, float]:
        corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
        cos, sin = np.cos(angle), np.sin(angle)
        return corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y), w, h

    side = st.floats(1, 300)
    return st.builds(build, st.floats(0, 1000), st.floats(0, 1000), side, side, st.floats(-3.2, 3.2))


def rectangle_sides(quad: np.ndarray) -> tuple[float, float]:
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[2] - quad[1]))


def test_distances_of_the_paper_on_a_rectangle():
    assert offset_distance(2000, 240, 0.4) == pytest.approx(7.0)
    assert expand_distance(RECTANGLE, 1.5) == pytest.approx(12.5)
    assert expand_distance(RECTANGLE, 2.0) == pytest.approx(16.6667, abs=1e-4)
    assert offset_distance(0, 0, 0.4) == 0
    assert expand_distance(RECTANGLE[[0, 0, 0]], 1.5) == 0


def test_shrinking_a_rectangle_moves_each_side_by_the_distance():
    (shrunk,) = shrink(RECTANGLE, 0.4)
    assert sorted(shrunk.tolist()) == [[7, 7], [7, 13], [93, 7], [93, 13]]
    assert shrunk.dtype == np.float32


def test_both_directions_shrink_alike():
    (forward,), (backward,) = shrink(RECTANGLE, 0.4), shrink(RECTANGLE[::-1], 0.4)
    assert sorted(forward.tolist()) == sorted(backward.tolist())


def test_ratio_one_leaves_the_polygon():
    (same,) = shrink(RECTANGLE, 1.0)
    assert polygon.area(same) == 2000


def test_a_dumbbell_shrinks_to_two_pieces_largest_first():
    left, right = [[0, 0], [40, 0], [40, 18]], [[80, 18], [80, 5], [110, 5], [110, 35], [80, 35], [80, 22]]
    dumbbell = np.array([*left, *right, [40, 22], [40, 40], [0, 40]])
    pieces = shrink(dumbbell, 0.4)
    assert len(pieces) == 2
    assert polygon.area(pieces[0]) > polygon.area(pieces[1]) > 0


def test_what_cannot_shrink_gives_nothing():
    assert offset(RECTANGLE, -10.5) == []
    assert shrink(RECTANGLE[[0, 0, 0, 0]], 0.4) == []
    assert shrink(RECTANGLE[:2], 0.4) == []
    assert shrink(RECTANGLE * np.nan, 0.4) == []
    assert shrink(np.array([[0, 0], [50, 0], [100, 0]]), 0.4) == []


def test_scale_one_is_the_reference_that_truncates_corners():
    poly = np.array([[10.9, 10.9], [90.2, 14.7], [88.6, 40.3], [12.4, 37.8]])
    clipper = pyclipper.PyclipperOffset()
    clipper.AddPath(poly.astype(int).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    distance = offset_distance(polygon.area(poly), polygon.perimeter(poly), 0.4)
    (ours,) = shrink(poly, 0.4, scale=1)
    assert ours.tolist() == clipper.Execute(-distance)[0]


def test_growth_closes_a_bay_into_a_hole_that_runs_the_other_way():
    inner = [[33, 60], [33, 50], [45, 50], [45, 15], [15, 15], [15, 50], [27, 50], [27, 60]]
    bay = np.array([[0, 0], [60, 0], [60, 60], *inner, [0, 60]])
    outer, hole = expand(bay, 4)
    assert polygon.signed_area(outer) > 0 > polygon.signed_area(hole)


def test_growing_by_a_negative_distance_is_refused():
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        expand(RECTANGLE, -1)


@given(star_polygons(), st.floats(0.3, 0.95))
@settings(max_examples=60)
def test_shrinking_agrees_with_shapely(poly, ratio):
    distance = offset_distance(polygon.area(poly), polygon.perimeter(poly), ratio)
    expected = shapely.Polygon(poly).buffer(-distance, quad_segs=64)
    pieces = shrink(poly, ratio)
    flattened = 0.25 * expected.length  # arcs are flattened by a quarter of a pixel
    assert sum(polygon.area(piece) for piece in pieces) == pytest.approx(expected.area, abs=flattened + 0.1)
    assert all(polygon.signed_area(piece) > 0 for piece in pieces)


corner = st.tuples(st.floats(0, 200), st.floats(0, 200))


@given(st.one_of(st.tuples(corner, corner, corner, corner).map(np.array), rectangles().map(lambda case: case[0])),
       st.floats(0.05, 0.99))  # fmt: skip
@settings(max_examples=150)
def test_shrinking_a_quadrilateral_agrees_with_shapely(quad, ratio):
    shape = shapely.Polygon(quad)
    if not shape.is_valid or shape.area < 1:
        return
    expected = shape.buffer(-offset_distance(shape.area, shape.length, ratio), join_style="mitre", mitre_limit=1e6)
    pieces = [shapely.Polygon(piece) for piece in shrink(quad, ratio)]
    difference = shapely.union_all(pieces).symmetric_difference(expected).area
    assert difference < 0.01 * shape.length + 0.3 * (not polygon.is_convex(quad)) * shape.length


def test_closed_form_and_clipper_agree_on_slanted_rectangles():
    turn = np.deg2rad(12)
    quad = RECTANGLE @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + 30
    for poly in (quad, quad[::-1]):
        (ours,), (clipped,) = shrink(poly, 0.4), offset(poly, -7)
        assert polygon.signed_area(ours) > 0 and ours.dtype == np.float32
        distances = np.linalg.norm(ours[:, None] - clipped[None], axis=2)
        assert distances.min(axis=1).max() < 2e-3 and len(clipped) == 4


def test_a_side_that_vanishes_is_left_to_the_clipper():
    quad = np.array([[0, 0], [100, 0], [52, 60], [48, 60]], dtype=np.float32)  # the short top side goes first
    (shrunk,) = shrink(quad, 0.3)
    assert len(shrunk) == 3 and 0 < polygon.area(shrunk) < polygon.area(quad)


@given(star_polygons(), st.floats(1, 30))
@settings(max_examples=60)
def test_growing_agrees_with_shapely(poly, distance):
    grown = expand(poly, distance)[0]
    expected = shapely.Polygon(poly).buffer(distance, quad_segs=64)
    expected = shapely.Polygon(expected.exterior)
    ours = shapely.Polygon(grown)
    assert ours.is_valid
    assert ours.intersection(expected).area / ours.union(expected).area > 0.985


@given(rectangles(), st.floats(0, 100))
@settings(max_examples=100)
def test_a_grown_rectangle_has_longer_sides_and_the_same_corner_order(case, distance):
    quad, w, h = case
    grown = expand_rectangle(quad, distance)
    assert rectangle_sides(grown) == pytest.approx((w + 2 * distance, h + 2 * distance), rel=1e-3, abs=2e-3)
    assert np.allclose(grown.mean(axis=0), quad.mean(axis=0), atol=1e-3)
    if distance > 1:
        directions = (grown - quad) / np.linalg.norm(grown - quad, axis=1, keepdims=True)
        assert np.allclose(directions[0], -directions[2], atol=1e-2)
        assert np.allclose(np.linalg.norm(grown - quad, axis=1), distance * np.sqrt(2), rtol=1e-2)


@given(rectangles())
@settings(max_examples=60)
def test_a_grown_rectangle_is_the_smallest_rectangle_around_the_round_offset(case):
    quad, w, h = case
    distance = 0.75 * w * h / (w + h)
    fitted = cv2.boxPoints(cv2.minAreaRect(expand(quad, distance)[0]))
    ours = expand_rectangle(quad, distance)
    overlap = shapely.Polygon(ours).intersection(shapely.Polygon(fitted)).area
    assert overlap / max(polygon.area(ours), polygon.area(fitted)) > 0.98


def test_many_rectangles_grow_at_once_each_by_its_own_distance():
    quads = np.stack([RECTANGLE, RECTANGLE[::-1], np.roll(RECTANGLE, 1, axis=0) + 50])
    grown = expand_rectangle(quads, np.array([1.0, 2.0, 3.0]))
    for quad, distance, result in zip(quads, (1, 2, 3), grown):
        assert np.array_equal(result, expand_rectangle(quad, distance))
    assert grown[0].tolist() == [[-1, -1], [101, -1], [101, 21], [-1, 21]]


def test_a_line_and_a_point_grow_without_nan():
    line = np.array([[0, 0], [0, 0], [0, 20], [0, 20]])
    assert expand_rectangle(line, 2).tolist() == [[-2, -2], [2, -2], [2, 22], [-2, 22]]
    assert expand_rectangle(np.zeros((4, 2)), 2).tolist() == [[-2, -2], [2, -2], [2, 2], [-2, 2]]


def test_whole_and_broken_numbers_give_the_same_outline():
    whole = np.array([[0, 0], [30, 2], [31, 12], [3, 14]], dtype=np.int32)
    (expected,), (given,) = expand(whole.astype(np.float32), 5.0), expand(whole, 5.0)
    assert np.array_equal(given, expected)


@pytest.mark.parametrize("tolerance", [0.01, 0.25])
def test_round_corners_are_as_flat_as_asked_for(tolerance):
    (grown,) = expand(np.array([[0, 0], [30, 0], [30, 10], [0, 10]]), 8.0, arc_tolerance=tolerance)
    middles = (grown + np.roll(grown, -1, axis=0)) / 2
    nearest = np.clip(middles, 0, (30, 10))
    gaps = 8 - np.hypot(*(middles - nearest).T)
    assert tolerance / 2 < gaps.max() < tolerance * 1.4  # the last chord of an arc may be longer
