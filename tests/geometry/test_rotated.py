"""Rotated boxes and their corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.geometry import rotated_boxes_of, rotated_corners

SIZES = st.floats(1, 500)
PLACES = st.floats(-1000, 1000)


def test_corners_by_hand():
    assert rotated_corners([[10, 20, 4, 2, 0]]).tolist() == [[[10, 20], [14, 20], [14, 22], [10, 22]]]
    quarter = rotated_corners([[10, 20, 4, 2, np.pi / 2]])[0]
    assert quarter == pytest.approx(np.array([[13, 19], [13, 23], [11, 23], [11, 19]])), "clockwise about (12, 21)"
    assert rotated_corners(np.zeros((0, 5))).shape == (0, 4, 2)


def test_td500s_example():
    corners = rotated_corners([[100, 200, 300, 40, 0.1]])[0]
    assert np.trunc(corners).tolist() == [[102, 185], [401, 215], [397, 254], [98, 224]]


@given(PLACES, PLACES, SIZES, SIZES, st.floats(-3.14, 3.14))
def test_boxes_come_back(x, y, w, h, theta):
    box = np.array([[x, y, w, h, theta]])
    assert rotated_boxes_of(rotated_corners(box)) == pytest.approx(box, abs=1e-8)


def test_opposite_sides_of_a_trapezium_are_averaged():
    box = rotated_boxes_of([[[0, 0], [8, 0], [10, 4], [-2, 4]]])[0]
    assert box == pytest.approx([-1, 0, 10, 4, 0])
    assert rotated_boxes_of(np.zeros((0, 4, 2))).shape == (0, 5)
