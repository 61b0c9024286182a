"""Crops of texts: exact for upright boxes, upright for slanted ones, never a crash."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.inference.crops import crop_text


def noise(size=(120, 160)):
    return np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)


def rectangle(left, top, w, h):
    return np.array([[left, top], [left + w, top], [left + w, top + h], [left, top + h]], dtype=np.float32)


def test_an_upright_box_is_a_part_of_the_image():
    image = noise()
    np.testing.assert_array_equal(crop_text(image, rectangle(20, 30, 60, 25)), image[30:55, 20:80])
    np.testing.assert_array_equal(crop_text(image[..., 0], rectangle(20, 30, 60, 25)), image[30:55, 20:80, 0])


def test_the_first_corner_does_not_matter():
    image, quad = noise(), rectangle(20, 30, 60, 25)
    for start in range(4):
        np.testing.assert_array_equal(crop_text(image, np.roll(quad, start, axis=0)), image[30:55, 20:80])


def test_a_tall_box_is_turned_unless_it_is_not_wanted():
    image = noise()
    tall = image[10:100, 40:70]
    np.testing.assert_array_equal(crop_text(image, rectangle(40, 10, 30, 90)), np.rot90(tall))
    np.testing.assert_array_equal(crop_text(image, rectangle(40, 10, 30, 90), turn_tall=False), tall)
    assert crop_text(image, rectangle(40, 10, 30, 44)).shape == (44, 30, 3)


@pytest.mark.parametrize("degrees", [-40, -10, 15, 40])
def test_a_slanted_word_becomes_upright(degrees):
    """A box that is red on its left half and green on its right half keeps its halves."""
    image = np.zeros((200, 200, 3), np.uint8)
    matrix = cv2.getRotationMatrix2D((100, 100), -degrees, 1)
    turned = lambda quad: (quad @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)  # noqa: E731
    cv2.fillPoly(image, [np.rint(turned(rectangle(60, 85, 40, 30))).astype(np.int32)], (255, 0, 0))
    cv2.fillPoly(image, [np.rint(turned(rectangle(100, 85, 40, 30))).astype(np.int32)], (0, 255, 0))
    crop = crop_text(image, turned(rectangle(60, 85, 80, 30)))
    assert crop.shape == (30, 80, 3)
    assert crop[5:25, 5:33, 0].min() > 200 and crop[5:25, 5:33, 1].max() < 50
    assert crop[5:25, 47:75, 1].min() > 200 and crop[5:25, 47:75, 0].max() < 50


def test_a_polygon_is_cut_by_the_smallest_rectangle_around_it():
    image = noise()
    points = np.array([[20, 40], [50, 30], [80, 40], [80, 55], [20, 55]], dtype=np.float32)
    np.testing.assert_array_equal(crop_text(image, points), image[30:55, 20:80])


@given(st.lists(st.tuples(st.floats(-50, 250), st.floats(-50, 250)), min_size=1, max_size=6))
def test_any_polygon_gives_an_image(points):
    crop = crop_text(noise((40, 50)), np.array(points, dtype=np.float32))
    assert crop.dtype == np.uint8 and crop.ndim == 3 and min(crop.shape[:2]) >= 1
