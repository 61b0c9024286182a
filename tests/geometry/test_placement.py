"""Position of a network's input in its source image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mindocr.geometry.placement import Placement

SIZES = st.integers(1, 5000)
SCALES = st.floats(0.01, 100)
SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8)


def test_a_tile_maps_to_the_image_that_it_was_cut_from():
    tile = Placement(height=1000, width=2000, scale_y=0.5, scale_x=2.0, offset_y=600, offset_x=1000)
    assert tile.to_source([[0, 0], [20, 10]]).tolist() == [[1000, 600], [1010, 620]]
    assert tile.from_source([[1000, 600], [1010, 620]]).tolist() == [[0, 0], [20, 10]]


def test_points_are_limited_to_the_source():
    whole = Placement.from_shape(np.array([100, 50, 2, 0.5], np.float32))  # h, w, ratio_h, ratio_w
    assert whole == Placement(100.0, 50.0, 2.0, 0.5)
    assert whole.to_source([[-1, -1], [10, 20], [26, 202]]).tolist() == [[0, 0], [20, 10], [50, 100]]
    assert whole.to_source(np.empty((0, 2))).shape == (0, 2)


@given(SIZES, SIZES, SCALES, SCALES, st.floats(0, 1), st.floats(0, 1), SHARES)
def test_there_and_back(height, width, scale_y, scale_x, down, right, shares):
    placement = Placement(height, width, scale_y, scale_x, down * height, right * width)
    points = np.array(shares) * (width, height)
    back = placement.to_source(placement.from_source(points))
    np.testing.assert_allclose(back, points, atol=1e-9 * max(height, width))
