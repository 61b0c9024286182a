"""Reading order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.reading.order import reading_order


def box(x, y, w=50, h=20, slope=0.0):
    return np.array([[x, y], [x + w, y + slope * w], [x + w, y + h + slope * w], [x, y + h]], np.float32)


@pytest.mark.parametrize(
    ("polys", "order"),
    [
        ([], []),
        ([box(0, 100), box(0, 0)], [1, 0]),
        ([box(200, 3), box(0, 8), box(100, 0), box(0, 60)], [1, 2, 0, 3]),
        # one row, slanted by 0.2: the right end is 40 pixels lower than the left one
        ([box(140, 28, slope=0.2), box(0, 0, slope=0.2), box(70, 14, slope=0.2), box(0, 60)], [1, 2, 0, 3]),
        # a headline of twice the height beside two small lines
        ([box(0, 0, h=50), box(100, 2), box(100, 30)], [0, 1, 2]),
    ],
)
def test_rows_from_top_to_bottom_and_left_to_right(polys, order):
    assert reading_order(polys) == order


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(1, 80)), max_size=30))
def test_every_line_is_there_once(boxes):
    polys = [box(x, y, h=h) for x, y, h in boxes]
    assert sorted(reading_order(polys)) == list(range(len(polys)))
