"""Filling polygons and the distance of pixels to a border, against loops over pixels."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry.raster import border_distance, fill_polygon

SQUARE = np.array([[2, 2], [6, 2], [6, 6], [2, 6]], dtype=np.float32)


def slow_distance(poly: np.ndarray, x: float, y: float) -> float:
    """Distance of one point to the nearest side, by the definition."""
    best = math.inf
    for (ax, ay), (bx, by) in zip(poly, np.roll(poly, -1, axis=0)):
        length = (bx - ax) ** 2 + (by - ay) ** 2
        t = 0.0 if length == 0 else min(max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0), 1)
        best = min(best, math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)))
    return best


def test_the_outline_belongs_to_the_polygon():
    canvas = np.zeros((9, 9), dtype=np.float32)
    fill_polygon(canvas, SQUARE, 0.5)
    expected = np.zeros_like(canvas)
    expected[2:7, 2:7] = 0.5
    assert np.array_equal(canvas, expected)


def test_corners_are_rounded_not_truncated():
    canvas = np.zeros((9, 9), dtype=np.uint8)
    fill_polygon(canvas, SQUARE + 0.6, 1)
    assert canvas[3:8, 3:8].all()
    assert canvas.sum() == 25


def test_parts_outside_the_canvas_are_cut_off():
    canvas = np.zeros((5, 5), dtype=np.float32)
    fill_polygon(canvas, SQUARE, 1)
    fill_polygon(canvas, SQUARE + 100, 1)
    fill_polygon(canvas, np.zeros((0, 2)), 1)
    assert canvas.sum() == 9


def test_distance_to_a_square():
    distance = border_distance(SQUARE, (0, 0, 8, 8))
    assert distance.shape == (9, 9) and distance.dtype == np.float32
    assert distance[4, 4] == 2
    assert distance[2, 3] == 0
    assert distance[0, 0] == pytest.approx(math.sqrt(8))
    assert distance[8, 4] == 2


def test_the_box_may_start_anywhere_and_reach_outside():
    whole = border_distance(SQUARE, (-3, -5, 8, 9))
    part = border_distance(SQUARE, (1, 2, 4, 6))
    assert np.array_equal(whole[7:12, 4:8], part)


def test_repeated_points_and_single_points_give_no_nan():
    repeated = border_distance(SQUARE[[0, 0, 1, 1, 1, 2, 3, 3]], (0, 0, 8, 8))
    assert np.array_equal(repeated, border_distance(SQUARE, (0, 0, 8, 8)))
    point = border_distance(SQUARE[[0, 0, 0]], (0, 0, 4, 4))
    assert point[2, 2] == 0 and point[2, 4] == 2


coordinates = st.tuples(st.floats(-20, 40, width=32), st.floats(-20, 40, width=32))


@given(st.lists(coordinates, min_size=1, max_size=8), st.floats(0.5, 15))
@settings(max_examples=40)
def test_distance_agrees_with_a_loop_over_pixels(points, limit):
    poly = np.array(points, dtype=np.float32)
    box = (-3, -2, 17, 13)
    distance = border_distance(poly, box)
    expected = [[slow_distance(poly.astype(float), x, y) for x in range(-3, 18)] for y in range(-2, 14)]
    assert np.allclose(distance, expected, atol=2e-3)
    assert np.allclose(border_distance(poly, box, limit), np.minimum(distance, limit), atol=2e-3)


@pytest.mark.parametrize("far", [4e4, 1e6, 9e8])
def test_corners_far_away_cost_no_time(far):
    """A strip across the canvas with ends far outside, vertical and horizontal."""
    strip = np.array([[-far, 10], [far, 10], [far, 20], [-far, 20]])
    for poly, box in ((strip, np.s_[10:21, :]), (strip[:, ::-1], np.s_[:, 10:21])):
        canvas, expected = np.zeros((50, 60), np.uint8), np.zeros((50, 60), np.uint8)
        expected[box] = 1
        start = time.process_time()
        fill_polygon(canvas, poly, 1)
        assert time.process_time() - start < 0.5
        np.testing.assert_array_equal(canvas, expected)
    fill_polygon(canvas, strip + [0, far], 0)
    np.testing.assert_array_equal(canvas, expected)
