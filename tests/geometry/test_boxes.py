"""Smallest rectangles, the order of corners, angles and scores."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry.boxes import min_area_quad, order_clockwise, quad_angle, score_inside
from mindocr.geometry.polygon import signed_area


def rotated(w: float, h: float, degrees: float, centre: tuple[float, float] = (200, 200)) -> np.ndarray:
    """A rectangle turned clockwise on the screen, starting at what was its top left corner."""
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (corners @ np.array([[cos, sin], [-sin, cos]]) + centre).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 12, -12, 44, -44])
@pytest.mark.parametrize("size", [(100, 20), (20, 100), (50, 50)])
def test_corners_start_at_the_top_left_of_slanted_and_tall_text(size, degrees):
    expected = rotated(*size, degrees)
    for start in range(4):
        mixed = np.roll(expected, start, axis=0)
        assert np.array_equal(order_clockwise(mixed), expected)
        assert np.array_equal(order_clockwise(mixed[::-1]), expected), "in either direction"


def test_steep_text_starts_at_the_corner_that_is_top_left_on_the_screen():
    steep = rotated(100, 20, 60)  # its text runs downwards: the first corner is at the top right
    assert np.array_equal(order_clockwise(steep), np.roll(steep, 1, axis=0))


def test_a_diamond_starts_at_its_highest_corner():
    diamond = np.array([[-1, 0], [0, -1], [1, 0], [0, 1]])
    assert order_clockwise(diamond)[0].tolist() == [0, -1]


def test_perspective_quadrilaterals_and_batches():
    sign = np.array([[10, 20], [90, 5], [95, 60], [12, 45]], dtype=np.float32)
    batch = order_clockwise(np.stack([sign[[2, 3, 0, 1]], sign[::-1]]))
    assert batch.shape == (2, 4, 2)
    assert np.array_equal(batch[0], sign) and np.array_equal(batch[1], sign)


@given(st.floats(2, 200), st.floats(2, 200), st.floats(-180, 180), st.permutations(range(4)))
@settings(max_examples=80)
def test_ordering_gives_the_same_four_corners_clockwise(w, h, degrees, order):
    quad = rotated(w, h, degrees)
    around = np.roll(quad, order[0], axis=0)[:: 1 if order[1] % 2 else -1]
    result = order_clockwise(around)
    assert sorted(map(tuple, result.tolist())) == sorted(map(tuple, quad.tolist()))
    assert signed_area(result) > 0
    left, right = result[[0, 3]].mean(axis=0), result[[1, 2]].mean(axis=0)
    assert right[0] > left[0]
    assert abs(right[1] - left[1]) <= (right[0] - left[0]) * 1.001, "the top side is within 45 degrees of level"


@pytest.mark.parametrize("degrees", [0, 20, -35, 80])
def test_smallest_rectangle_around_points(degrees):
    points = rotated(90, 30, degrees)
    quad, (short, long) = min_area_quad(np.concatenate([points, points.mean(axis=0, keepdims=True)]))
    assert (short, long) == pytest.approx((30, 90), abs=0.05)
    assert np.allclose(quad, order_clockwise(points), atol=0.05)


def test_smallest_rectangle_takes_contours_and_single_points():
    contour = np.array([[[3, 4]], [[13, 4]], [[13, 9]], [[3, 9]]], dtype=np.int32)
    quad, sides = min_area_quad(contour)
    assert sides == (5, 10)
    assert quad.tolist() == [[3, 4], [13, 4], [13, 9], [3, 9]]
    assert min_area_quad(np.array([[7, 7]]))[1] == (0, 0)


@pytest.mark.parametrize(("degrees", "expected"), [(0, 0), (30, 30), (-30, -30), (90, 90), (135, -45), (180, 0)])
def test_angle_of_the_long_side(degrees, expected):
    assert quad_angle(rotated(100, 20, degrees)) == pytest.approx(expected, abs=1e-3)
    assert quad_angle(np.roll(rotated(100, 20, degrees), 1, axis=0)) == pytest.approx(expected, abs=1e-3)


def test_score_is_the_mean_inside_the_outline_only():
    prob = np.zeros((40, 40), dtype=np.float32)
    prob[10:20, 10:20] = 0.8
    inside = np.array([[10, 10], [19, 10], [19, 19], [10, 19]])
    assert score_inside(prob, inside) == pytest.approx(0.8)
    assert score_inside(prob, inside[:3]) == pytest.approx(0.8), "a triangle does not count its box's other half"
    assert score_inside(prob, inside + (10, 0)) == 0
    assert score_inside(prob, np.array([[10, 10], [29, 10], [29, 19], [10, 19]])) == pytest.approx(0.4)


def test_score_counts_only_pixels_of_the_map():
    prob = np.full((10, 10), 0.5, dtype=np.float32)
    assert score_inside(prob, np.array([[-5, -5], [4, -5], [4, 4], [-5, 4]])) == pytest.approx(0.5)
    assert score_inside(prob, np.array([[50, 50], [60, 50], [60, 60]])) == 0
    assert score_inside(prob, np.zeros((0, 2))) == 0


@given(st.integers(0, 2**31), st.floats(-80, 80))
@settings(max_examples=30)
def test_score_agrees_with_a_mask_over_the_whole_map(seed, degrees):
    prob = np.random.default_rng(seed).random((80, 90), dtype=np.float32)
    quad = rotated(60, 25, degrees, centre=(40, 45))
    mask = np.zeros(prob.shape, dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(quad).astype(np.int32)], 1)
    assert score_inside(prob, quad) == pytest.approx(prob[mask > 0].mean(), abs=1e-5)
