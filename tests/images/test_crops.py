"""Crops of lines."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import DataError
from mindocr.images.crops import cut_line


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
