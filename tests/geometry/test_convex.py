"""Intersections of convex quadrilaterals, against shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry.convex import are_convex, intersection_areas
from mindocr.geometry.overlap import Regions, compare_many, pairwise_iou, zero_buffer_region

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], dtype=np.float64)
DIAMOND = np.array([[5, -5], [15, 5], [5, 15], [-5, 5]], dtype=np.float64)
DART = np.array([[0, 0], [10, 0], [2, 2], [0, 10]], dtype=np.float64)


def test_which_are_convex():
    shapes = [SQUARE, SQUARE[::-1], SQUARE[[0, 2, 1, 3]], DART, SQUARE[[0, 0, 1, 2]], SQUARE[[0, 1, 0, 1]]]
    assert are_convex(np.array(shapes)).tolist() == [True, True, False, False, True, False]


def test_areas_by_hand():
    pairs = [(SQUARE, SQUARE + 4), (SQUARE, DIAMOND), (SQUARE, SQUARE + 20), (SQUARE, SQUARE),
             (SQUARE, SQUARE + (10, 0)), (SQUARE, SQUARE[[0, 0, 1, 2]]), (SQUARE / 4 + 3, SQUARE)]  # fmt: skip
    first, second = (np.array(side) for side in zip(*pairs))
    assert intersection_areas(first, second).tolist() == [36, 100, 0, 100, 0, 50, 6.25]
    assert intersection_areas(second, first) == pytest.approx([36, 100, 0, 100, 0, 50, 6.25])
    assert intersection_areas(first[:0], second[:0]).shape == (0,)


@given(st.integers(0, 2**31), st.sampled_from([1, 100, 1e5]))
@settings(max_examples=60)
def test_areas_agree_with_shapely(seed, origin):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (2, 12, 4)), axis=-1)
    centres = origin + rng.uniform(0, 30, (2, 12, 1, 2))
    circles = centres + np.stack([np.cos(angles), np.sin(angles)], axis=-1) * rng.uniform(1, 40, (2, 12, 1, 1))
    first, second = np.round(circles, 1)
    found = Regions(list(first)).intersection(Regions(list(second[:, ::-1])))
    shapes = [shapely.make_valid(shapely.polygons(side)) for side in (first, second)]
    assert np.allclose(found, shapely.area(shapely.intersection(shapes[0][:, None], shapes[1])), atol=1e-6)


def test_a_noisy_copy_overlaps_itself():
    rng = np.random.default_rng(0)
    quads = DIAMOND * 13.7 / 3 + 1000 / 3 + rng.normal(0, 1e-12, (200, 4, 2))
    overlaps = intersection_areas(quads, quads[::-1])
    assert np.allclose(overlaps, 200 * (13.7 / 3) ** 2, rtol=1e-9)


def test_upright_rectangles_are_exact():
    wide = SQUARE * (3, 1)
    assert pairwise_iou([wide], [wide * (1 / 3, 1)])[0, 0] == 100 / 300
    assert pairwise_iou([wide + 0.1], [wide + 0.1])[0, 0] == 1


def test_lists_compared_together_are_those_compared_alone():
    rng = np.random.default_rng(1)
    shapes = [SQUARE, SQUARE[::-1], DIAMOND, DART, SQUARE[[0, 2, 1, 3]], SQUARE[:3], SQUARE[:1], DIAMOND[[0, 1, 2, 2]]]
    groups = []
    for sizes in ((3, 4), (0, 2), (2, 0), (0, 0), (8, 8)):
        groups.append([[shapes[i] + rng.uniform(-6, 6, 2) for i in rng.permutation(8)[:size]] for size in sizes])
    for (first, second), overlap in zip(groups, compare_many(groups), strict=True):
        a, b = Regions(first), Regions(second)
        assert np.allclose(overlap.intersection, a.intersection(b)), "the order of a sum may differ"
        assert np.allclose(overlap.iou, a.iou(b))
        assert np.array_equal(overlap.areas_a, a.areas) and np.array_equal(overlap.boxes_b, b.boxes)
        assert np.array_equal(overlap.valid_a, a.valid) and np.array_equal(overlap.valid_b, b.valid)
    assert compare_many([]) == []


def test_validity():
    shapes = [SQUARE, DART, SQUARE[[0, 2, 1, 3]], SQUARE[:2], SQUARE[[0, 1, 1, 0]], SQUARE[:3]]
    assert Regions(shapes).valid.tolist() == [True, True, False, False, False, True]


def test_ways_to_mend_a_bow_tie():
    bow_tie = SQUARE[[0, 2, 1, 3]]
    assert Regions([bow_tie]).intersection(Regions([SQUARE]))[0, 0] == 50
    assert Regions([bow_tie], zero_buffer_region).intersection(Regions([SQUARE]))[0, 0] == 25
