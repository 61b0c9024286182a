"""Deformation by control points: properties of the paper's similarity form, and the map of pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.geometry.moving_least_squares import SPACING, deform, pixel_map

CORNERS = np.array([[0, 0], [100, 0], [100, 40], [0, 40]], float)
numbers = st.integers(0, 2**32 - 1)


def by_hand(point, controls, targets):
    """Equation 6 of the paper with its matrices, for one point."""
    weights = 1 / ((controls - point) ** 2).sum(1)
    p_mean, q_mean = ((weights[:, None] * each).sum(0) / weights.sum() for each in (controls, targets))
    p, q = controls - p_mean, targets - q_mean
    spread = (weights * (p**2).sum(1)).sum()
    moved = np.zeros(2)
    for w, a, b in zip(weights, p, q):
        v = point - p_mean
        left = np.array([a, [a[1], -a[0]]])  # p and -(p turned by 90 degrees)
        right = np.array([v, [v[1], -v[0]]]).T
        moved += b @ (w * left @ right) / spread
    return moved + q_mean


@given(numbers)
def test_it_is_the_formula_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    controls = rng.uniform(0, 100, (rng.integers(2, 9), 2))
    targets = controls + rng.uniform(-20, 20, controls.shape)
    points = rng.uniform(-10, 110, (5, 2))
    expected = [by_hand(point, controls, targets) for point in points]
    np.testing.assert_allclose(deform(points, controls, targets), expected, atol=1e-3)


@given(numbers)
def test_control_points_reach_their_targets_and_others_stay_without_a_move(seed):
    rng = np.random.default_rng(seed)
    controls = rng.uniform(0, 100, (rng.integers(2, 9), 2))
    targets = controls + rng.uniform(-20, 20, controls.shape)
    np.testing.assert_allclose(deform(controls, controls, targets), targets, atol=1e-4)
    near = deform(controls + 1e-6, controls, targets)
    np.testing.assert_allclose(near, targets, atol=1e-3)  # no jump beside a control point
    points = rng.uniform(-10, 110, (20, 2))
    np.testing.assert_allclose(deform(points, controls, controls), points, atol=1e-6)


@given(numbers)
def test_a_similarity_of_all_control_points_moves_everything_by_it(seed):
    rng = np.random.default_rng(seed)
    angle, scale, shift = rng.uniform(-3, 3), rng.uniform(0.3, 3), rng.uniform(-50, 50, 2)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = rng.uniform(0, 100, (10, 2))
    np.testing.assert_allclose(deform(points, CORNERS, CORNERS @ turn.T + shift), points @ turn.T + shift, atol=1e-6)


def test_the_map_without_a_move_is_the_identity():
    for size in ((1, 1), (5, 3), (32, 100), (48, 321), (SPACING[0] + 1, 2 * SPACING[1]), (200, 17)):
        h, w = size
        corners = CORNERS / [100, 40] * [w, h]
        x, y = np.meshgrid(np.arange(w), np.arange(h))
        for steps in ([], [(corners, corners)], [(corners, corners)] * 3):
            np.testing.assert_allclose(pixel_map(size, steps), np.stack((x, y), axis=2), atol=1e-3)


def test_steps_are_applied_in_order_and_content_arrives_at_the_targets():
    h, w = 64, 192
    corners = CORNERS / [100, 40] * [w, h]
    dot = np.array([[96.5, 32.5]])
    image = np.zeros((h, w), np.uint8)
    cv2.circle(image, (96, 32), 3, 255, -1)
    first = (np.vstack([corners, dot]), np.vstack([corners, dot + [30, 8]]))
    second = (np.vstack([corners, dot + [30, 8]]), np.vstack([corners, dot + [-20, -10]]))
    moved = cv2.remap(image, pixel_map((h, w), [first, second]), None, cv2.INTER_LINEAR)
    y, x = np.nonzero(moved > 128)
    assert (x.mean(), y.mean()) == pytest.approx((76, 22), abs=1.5)
    np.testing.assert_array_equal(
        cv2.remap(image, pixel_map((h, w), []), None, cv2.INTER_LINEAR), image
    )  # no step, no change


def test_between_its_points_the_map_is_close_to_the_exact_one():
    h, w = 48, 320
    corners = CORNERS / [100, 40] * [w, h]
    targets = corners + [[10, 6], [-12, 9], [-5, -8], [8, -3]]
    fast = pixel_map((h, w), [(corners, targets)])
    x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    exact = deform(np.stack((x.ravel(), y.ravel()), 1), targets, corners).reshape(h, w, 2) - 0.5
    difference = np.abs(fast - exact)
    assert difference.mean() < 0.1 and difference.max() < 1.5
