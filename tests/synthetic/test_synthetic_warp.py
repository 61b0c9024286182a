"""Transformation from sheet to image: arcs, homographies, and polygons that do not cross the text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, Polygon

from mindocr.synthetic.warp import Bend, Warp, random_warp


@pytest.mark.parametrize(("side", "end"), [(1, (100.0, 100.0)), (-1, (100.0, -100.0))])
def test_a_quarter_circle_ends_beside_its_hub(side, end):
    bend = Bend(radius=100, centre=50, middle=10, side=side)
    quarter = 50 + 100 * np.pi / 2
    assert bend.forward(np.array([[50, 10], [quarter, 10]])) == pytest.approx(np.array([(0.0, 0.0), end]), abs=1e-9)


def test_the_upper_edge_is_the_outer_one_of_a_rainbow():
    rainbow, smile = Bend(100, 0, 0, 1), Bend(100, 0, 0, -1)
    above = np.array([[0.0, -20.0]])
    assert rainbow.forward(above)[0] == pytest.approx([0, -20])
    assert smile.forward(above)[0] == pytest.approx([0, -20])
    end = np.array([[50.0, -20.0]])
    assert rainbow.forward(end)[0, 0] > smile.forward(end)[0, 0]


@given(st.floats(-150, 150), st.floats(-30, 30), st.sampled_from([1, -1]))
def test_backward_undoes_forward(u, v, side):
    bend = Bend(radius=80, centre=0, middle=0, side=side)
    plane = bend.forward(np.array([[u, v]]))
    back = bend.backward(plane[:, 0], plane[:, 1])
    assert (back[0][0], back[1][0]) == pytest.approx((u, v), abs=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([1, -1, 0]), st.integers(4, 7))
def test_outline_holds_every_point_of_the_rectangle(seed, side, per_side):
    rng = np.random.default_rng(seed)
    width, height = 160, 40
    bend = Bend(width / rng.uniform(0.4, 2.2), width / 2, height / 2, side) if side else None
    warp = random_warp(rng, (height, width), rng.uniform(-60, 60), 0.45, bend)
    rect = (10.0, 5.0, 150.0, 35.0)
    u, v = np.meshgrid(np.linspace(10, 150, 25), np.linspace(5, 35, 5))
    sheet = np.stack([u.ravel(), v.ravel()], axis=1)
    points = warp._project(bend.forward(sheet) if bend else sheet)
    outline = Polygon(warp.outline(rect, per_side))
    assert outline.is_valid
    assert outline.buffer(1e-3).covers(MultiPoint(points))
    assert outline.exterior.is_ccw  # counter-clockwise where y points up: clockwise in the image


def test_without_bend_the_outline_is_the_projected_rectangle():
    warp = Warp(np.diag([2.0, 3.0, 1.0])).moved(10, -1)
    assert warp.outline((0, 0, 4, 2), 2).tolist() == [[10, -1], [18, -1], [18, 5], [10, 5]]


@pytest.mark.parametrize("bend", [None, Bend(200.0, 40.0, 15.0, 1)])
def test_rendered_ink_lies_where_the_outline_says(bend):
    sheet = np.zeros((30, 80), np.uint8)
    sheet[10:20, 20:60] = 255
    warp = random_warp(np.random.default_rng(1), sheet.shape, 25.0, 0.3, bend).moved(60, 60)
    picture = warp.render(sheet, (0, 0), (120, 120))
    patch = warp.render(sheet, (30, 20), (70, 80))
    assert np.abs(picture[20:90, 30:110].astype(int) - patch).max() <= 1
    outline = Polygon(warp.outline((20, 10, 59, 19), 5))
    ink = np.argwhere(picture > 128)[:, ::-1]
    assert outline.buffer(1.0).covers(MultiPoint(ink))
    assert len(ink) == pytest.approx(outline.area * 400 / (39 * 9), rel=0.1)


def test_random_warp_keeps_the_middle_of_the_sheet_at_the_origin():
    warp = random_warp(np.random.default_rng(0), (30, 90), 30.0, 0.0)
    assert warp._project(np.array([[45.0, 15.0]]))[0] == pytest.approx([0, 0], abs=1e-4)
    right = warp._project(np.array([[90.0, 15.0]]))[0]
    assert right == pytest.approx(45 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)]), abs=1e-3)
