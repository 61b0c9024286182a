"""The mean of polygons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.geometry import polygon_iou
from mindocr.geometry.mean_polygon import POINTS, aligned_to, mean_polygon, spaced

UNIT = np.array([[0, 0], [10, 0], [10, 4], [0, 4]], float)


def test_two_quadrilaterals_by_hand():
    other = UNIT + (4, 2)
    np.testing.assert_allclose(mean_polygon([UNIT, other], [1, 1]), UNIT + (2, 1))
    np.testing.assert_allclose(mean_polygon([UNIT, other], [3, 1]), UNIT + (1, 0.5))
    # neither the first corner nor the direction of the others matters
    np.testing.assert_allclose(mean_polygon([UNIT, np.roll(other, 2, axis=0)[::-1]], [1, 1]), UNIT + (2, 1))


def test_points_along_an_outline_by_hand():
    np.testing.assert_allclose(spaced(UNIT, 4), [[0, 0], [7, 0], [10, 4], [3, 4]])  # 28 / 4 = 7 apart
    np.testing.assert_allclose(aligned_to(UNIT, UNIT[[2, 1, 0, 3]]), UNIT)


def test_a_single_polygon_stays_as_it_is():
    triangle = np.array([[0, 0], [4, 0], [0, 3]], float)
    np.testing.assert_array_equal(mean_polygon([triangle], [0.5]), triangle)


def test_polygons_of_different_numbers_of_points():
    six = np.array([[0, 0], [5, 0], [10, 0], [10, 4], [5, 4], [0, 4]], float)
    mean = mean_polygon([UNIT, six + (1, 0)], [1, 1])
    assert mean.shape == (POINTS, 2) and polygon_iou(mean, UNIT + (0.5, 0)) > 0.95


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=5),
    st.integers(0, 3),
    st.floats(0.1, 5),
    st.booleans(),
)
def test_shifted_copies_have_the_shifted_mean(shifts, roll, weight, turned):
    # of quadrilaterals that are far longer than their shifts, no other order of corners is closer
    base = (UNIT * 40)[:: -1 if turned else 1]
    copies = [np.roll(base + shift, roll if i else 0, axis=0) for i, shift in enumerate(shifts)]
    mean = mean_polygon(copies, np.full(len(copies), weight))
    expected = base + np.mean(shifts, axis=0)
    np.testing.assert_allclose(mean, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("polys", "weights", "message"),
    [
        ([], [], "at least one polygon"),
        ([UNIT[:2]], [1], "of three points or more"),
        ([UNIT, UNIT], [1], "a weight from 0 for each of 2 polygons"),
        ([UNIT, UNIT], [1, -1], "a weight from 0"),
        ([UNIT], [0], "a weight from 0"),
    ],
)
def test_mistakes(polys, weights, message):
    with pytest.raises(ValueError, match=message):
        mean_polygon(polys, weights)
