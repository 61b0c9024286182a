"""Crops of lines."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mindocr.errors import DataError
from mindocr.geometry import area, intersection_area, is_valid
from mindocr.images.crops import LineView, cut_line, line_view


@pytest.fixture
def image():
    """Red, green, blue and white quarters of a rectangle of 80 x 40 at (100, 50), on black."""
    picture = np.zeros((200, 300, 3), np.uint8)
    colours = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
    for (x, y), colour in zip(((100, 50), (140, 50), (140, 70), (100, 70)), colours):
        picture[y : y + 20, x : x + 40] = colour
    return picture


QUAD = np.array([[100, 50], [180, 50], [180, 90], [100, 90]], np.float32)


def quarters(crop):
    h, w = crop.shape[:2]
    points = ((h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, 3 * w // 4), (3 * h // 4, w // 4))
    return ["kbgcrmyw"[int((crop[y, x] > 128) @ [4, 2, 1])] for y, x in points]


def test_an_upright_quad_is_cut_out(image):
    crop = cut_line(image, QUAD)
    assert crop.shape == (40, 80, 3)
    assert quarters(crop) == ["r", "g", "b", "w"]


def test_a_turned_quad_is_rectified(image):
    matrix = cv2.getRotationMatrix2D((140, 70), 30, 1)
    turned = cv2.warpAffine(image, matrix, (300, 200))
    quad = QUAD @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    crop = cut_line(turned, quad)
    assert abs(crop.shape[0] - 40) <= 1 and abs(crop.shape[1] - 80) <= 1
    assert quarters(crop) == ["r", "g", "b", "w"]


def test_a_tall_crop_is_turned(image):
    crop = cut_line(image.transpose(1, 0, 2), QUAD[:, ::-1][[0, 3, 2, 1]])
    assert crop.shape == (40, 80, 3)


def test_directions_of_a_tall_line(image):
    """The rectangle on its side: read downwards, upwards, or as it stands."""
    upright, tall = QUAD, QUAD[:, ::-1][[0, 3, 2, 1]]
    assert [view.turns for view in line_view(upright, (200, 300)).directions()] == [0]
    crops = [view.cut(image.transpose(1, 0, 2)) for view in line_view(tall, (300, 200)).directions()]
    assert [crop.shape[:2] for crop in crops] == [(40, 80), (40, 80), (80, 40)]
    assert [quarters(crop) for crop in crops] == [["w", "b", "g", "r"], ["g", "r", "w", "b"], ["r", "w", "b", "g"]]
    turned = LineView(tall, tall, (80, 40), 3)  # by a classifier
    assert [view.turns for view in turned.directions()] == [3, 1, 0]


def test_the_upright_polygon_begins_at_the_top_left_corner_of_the_crop(image):
    """So a crop of it shows the line in the same direction, without being turned."""
    tall = QUAD[:, ::-1][[0, 3, 2, 1]]
    side = image.transpose(1, 0, 2)
    for view in line_view(tall, (300, 200)).directions()[:2]:
        again = line_view(view.upright_polygon(), (300, 200))
        assert again.turns == 0 and quarters(again.cut(side)) == quarters(view.cut(side))
    poly = np.array([[100, 50], [140, 50], [180, 50], [180, 90], [100, 90]], np.float32)
    assert np.array_equal(LineView(poly, QUAD, (40, 80), 2).upright_polygon(), poly)


def test_of_a_polygon_the_smallest_rectangle_is_taken(image):
    poly = np.array([[100, 50], [140, 50], [180, 50], [180, 90], [140, 90], [100, 90]], np.float32)
    assert quarters(cut_line(image, poly)) == ["r", "g", "b", "w"]


@pytest.mark.parametrize("quad", [np.zeros((4, 2)), np.array([[299, 199], [300, 199], [300, 200], [299, 200]])])
def test_a_quad_of_a_pixel_gives_a_pixel(image, quad):
    assert cut_line(image, quad.astype(np.float32)).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("quad", "message"),
    [
        ([[0, 0], [1e5, 0], [1e5, 1e5], [0, 1e5]], r"100000 x 100000 pixels \(w x h\) in an image of 300 x 200"),
        ([[0, 0], [np.nan, 0], [9, 9], [0, 9]], r"holds a number that is not finite"),
    ],
)
def test_an_impossible_polygon_is_refused(image, quad, message):
    with pytest.raises(DataError, match=message):
        cut_line(image, np.array(quad, np.float32))


@given(st.lists(st.tuples(st.floats(-50, 250), st.floats(-50, 250)), min_size=1, max_size=6))
def test_any_polygon_gives_an_image(points):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    crop = cut_line(image, np.array(points, dtype=np.float32))
    assert crop.dtype == np.uint8 and crop.ndim == 3 and min(crop.shape[:2]) >= 1


def ramps(h=200, w=300):
    """An image whose pixel (x, y) has the values x and y."""
    y, x = np.mgrid[:h, :w].astype(np.float32)
    return np.stack([x, y, 0 * x], axis=2)


PLACES = {
    "upright": QUAD,
    "slanted": np.array([[60, 80], [200, 40], [210, 75], [70, 115]], np.float32),
    "in perspective": np.array([[60, 80], [200, 40], [210, 115], [70, 115]], np.float32),
    "tall": np.array([[100, 40], [130, 45], [125, 160], [95, 150]], np.float32),
    "many corners": np.array([[60, 90], [130, 60], [200, 90], [190, 115], [130, 85], [70, 115]], np.float32),
}


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("place", PLACES)
def test_points_of_a_crop_are_found_in_the_image(place, turns):
    """Each pixel of the crop shows the place that to_image returns for it."""
    view = line_view(PLACES[place], (200, 300))
    view = LineView(view.polygon, view.corners, view.size, view.turns + turns)
    crop = view.cut(ramps())
    assert crop.shape[:2] == view.shape
    rows, columns = np.mgrid[: crop.shape[0], : crop.shape[1]]
    points = view.to_image(np.stack([columns.ravel(), rows.ravel()], axis=1))
    assert np.abs(crop[..., :2].reshape(-1, 2) - points).max() < 0.1  # OpenCV samples at 1/32 pixels


def test_parts_of_an_upright_crop():
    view = line_view(QUAD, (200, 300))  # 80 x 40 pixels
    assert view.part(0, 1).tolist() == QUAD.tolist()
    # the left edge of column 20 of the crop is half a pixel before its centre
    assert view.part(0.25, 1).tolist() == [[119.5, 50], [180, 50], [180, 90], [119.5, 90]]


def test_parts_of_a_turned_crop_begin_at_the_top_of_the_image():
    quad = np.array([[100, 50], [140, 50], [140, 130], [100, 130]], np.float32)
    view = line_view(quad, (200, 300))
    assert view.shape == (40, 80)
    assert view.part(0, 0.25).tolist() == [[140, 50], [140, 69.5], [100, 69.5], [100, 50]]


def test_a_curved_line_is_cut_across():
    angles = np.linspace(-2.4, -0.7, 12)
    outer, inner = ([np.cos(angles) * r + 150, np.sin(angles) * r + 180] for r in (120, 90))
    band = np.concatenate([np.transpose(outer), np.transpose(inner)[::-1]]).astype(np.float32)
    view = line_view(band, (200, 300))
    left, middle, right = (view.part(*ends) for ends in ((0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1)))
    assert len(middle) > 4
    assert sum(map(area, (left, middle, right))) == pytest.approx(area(band), rel=0.01)
    assert left[:, 0].max() <= right[:, 0].min() and middle[:, 1].min() < left[:, 1].min()


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), min_size=3, max_size=7), st.floats(0, 1), st.floats(0, 1)
)
def test_parts_lie_within_the_polygon(points, one, other):
    poly = np.array(points, np.float32)
    assume(is_valid(poly))
    view = line_view(poly, (200, 300))
    part = view.part(min(one, other), max(one, other))
    assert np.isfinite(part).all() and len(part) >= 3
    assert area(part) - intersection_area(part, poly) < 0.01 * max(area(poly), 1) + 0.5
