"""Bounds, areas and perimeters of many polygons at once, against those of one polygon."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mindocr.geometry.many import areas_and_perimeters, bounds
from mindocr.geometry.polygon import area, bounding_box, perimeter

points = st.lists(st.tuples(st.floats(-50, 2000, width=32), st.floats(-50, 2000, width=32)), min_size=1, max_size=9)


@given(st.lists(points, max_size=6))
def test_as_one_by_one(lists):
    polys = [np.array(p, dtype=np.float32) for p in lists]
    boxes, (areas, perimeters) = bounds(polys), areas_and_perimeters(polys)
    assert boxes.shape == (len(polys), 4) and areas.shape == perimeters.shape == (len(polys),)
    for i, poly in enumerate(polys):
        assert tuple(boxes[i]) == bounding_box(poly)
        np.testing.assert_allclose([areas[i], perimeters[i]], [area(poly), perimeter(poly)], rtol=1e-9, atol=1e-6)


def test_by_hand_and_input_is_left_alone():
    rectangle, triangle = np.array([[0, 0], [4, 0], [4, 3], [0, 3]]), np.array([[1, 1], [4, 5], [1, 5]])
    areas, perimeters = areas_and_perimeters([rectangle, triangle])
    assert areas.tolist() == [12, 6] and perimeters.tolist() == [14, 12]
    assert bounds([rectangle, triangle]).tolist() == [[0, 0, 4, 3], [1, 1, 4, 5]]
    assert triangle.tolist() == [[1, 1], [4, 5], [1, 5]]
