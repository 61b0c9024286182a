"""Polygons are mapped from network pixels to source pixels."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.postprocess.base import check_shapes, to_source

QUAD = np.array([[10, 10], [30, 10], [30, 20], [10, 20]], dtype=np.float32)


def test_ratios_divide_x_by_width_and_y_by_height():
    (poly,), kept = to_source([QUAD], np.array([200.0, 100.0, 0.5, 2.0]))
    assert poly.tolist() == [[5, 20], [15, 20], [15, 40], [5, 40]]
    assert poly.dtype == np.float32
    assert kept == [0]


def test_outlines_are_limited_to_the_source_image():
    (poly,), _ = to_source([QUAD - 15], np.array([100.0, 100.0, 1.0, 1.0]))
    assert poly.tolist() == [[0, 0], [15, 0], [15, 5], [0, 5]]
    (poly,), _ = to_source([QUAD], np.array([15.0, 25.0, 1.0, 1.0]))
    assert poly[2].tolist() == [25, 15]


def test_what_lies_in_the_padding_or_has_no_area_is_dropped():
    polys, kept = to_source([QUAD + 100, QUAD, QUAD[[0, 0, 1, 1]]], np.array([50.0, 50.0, 1.0, 1.0]))
    assert len(polys) == 1
    assert kept == [1]
    assert to_source([], np.array([50.0, 50.0, 1.0, 1.0])) == ([], [])


def test_outlines_begin_at_their_top_left_where_wanted():
    shape = np.array([100.0, 100.0, 1.0, 1.0])
    pentagon = np.array([[60, 10], [70, 20], [65, 40], [50, 40], [50, 15]], dtype=np.float32)
    outlines = [np.roll(QUAD, turns, axis=0) for turns in range(4)] + [pentagon, np.roll(pentagon, 3, axis=0), QUAD]
    polys, _ = to_source(outlines, shape, first=True)
    top_left = np.roll(pentagon, 1, axis=0).tolist()
    assert [poly.tolist() for poly in polys] == [QUAD.tolist()] * 4 + [top_left] * 2 + [QUAD.tolist()]
    kept, _ = to_source(outlines, shape)
    assert [poly[0].tolist() for poly in kept] == [poly[0].tolist() for poly in outlines]


def test_wrong_shape_lists_are_refused():
    with pytest.raises(ValueError, match=r"expected \(2, 4\).*got shape \(1, 4\)"):
        check_shapes(np.ones((1, 4)), 2)
    with pytest.raises(ValueError, match=r"shape_list\[1\]: sizes and ratios must be positive"):
        check_shapes(np.array([[10, 10, 1, 1], [10, 10, 0, 1]]), 2)
