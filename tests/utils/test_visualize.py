"""Pictures: sizes, unchanged inputs, and marks at the expected positions."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.utils.visualize import (
    GAP,
    GREEN,
    LIGHT,
    RED,
    TITLE_HEIGHT,
    as_rgb,
    draw_polygons,
    grid,
    overlay_map,
    side_by_side,
)

QUAD = np.array([[20, 30], [80, 30], [80, 60], [20, 60]], dtype=np.float32)


def is_red(pixel: np.ndarray) -> bool:
    """Clearly red pixels, without those that line smoothing adds."""
    return int(pixel[0]) > 2 * int(pixel[1:].max()) and pixel[0] > 150


@pytest.fixture
def image() -> np.ndarray:
    return np.full((100, 120, 3), 128, dtype=np.uint8)


def test_outlines_are_drawn_on_a_copy(image):
    drawn = draw_polygons(image, [QUAD], color=RED)
    assert (image == 128).all()
    assert is_red(drawn[30, 60])
    assert tuple(drawn[45, 50]) == (128, 128, 128), "the inside stays free"
    assert drawn[28, 60].max() < 100, "a dark rim"
    assert is_red(drawn[32, 21]), "the dot at the first corner"


def test_scores_are_written_at_the_upper_left_corner_within_the_image(image):
    plain, scored = draw_polygons(image, [QUAD]), draw_polygons(image, [QUAD], scores=[0.87])
    changed = np.argwhere((plain != scored).any(axis=-1))
    assert len(changed) > 50
    assert changed[:, 0].max() <= 32 and changed[:, 1].min() >= 18
    corner = draw_polygons(image, [QUAD + (90, -40)], scores=[0.5])
    assert (corner[:20, -25:] == GREEN).all(axis=-1).any(), "moved back into the picture"


def test_outlines_outside_none_and_grey_images(image):
    assert np.array_equal(draw_polygons(image, []), image)
    assert np.array_equal(draw_polygons(image, [QUAD + 500]), image)
    assert draw_polygons(image[..., 0], [QUAD, QUAD[:0]], scores=[1, 1]).shape == (100, 120, 3)
    with pytest.raises(ValueError, match="1 polygons but 2 scores"):
        draw_polygons(image, [QUAD], scores=[0.1, 0.2])


def test_a_map_is_stretched_and_zero_is_invisible(image):
    prob = np.zeros((10, 12), dtype=np.float32)
    assert np.array_equal(overlay_map(image, prob), image)
    prob[:, 6:] = 1
    shown = overlay_map(image, prob)
    assert np.array_equal(shown[:, :50], image[:, :50])
    assert is_red(shown[50, 110])
    assert overlay_map(image, np.full((5, 5), np.nan)).shape == image.shape


def test_side_by_side_brings_pictures_to_one_height(image):
    row = side_by_side([image, image[:50]], titles=["prediction", "truth"])
    assert row.shape == (100 + TITLE_HEIGHT, 120 + GAP + 240, 3)
    assert (row[:TITLE_HEIGHT, :120] != LIGHT).any(), "a title"
    assert side_by_side([image, image[..., 0]], height=50).shape == (50, 60 + GAP + 60, 3)


def test_a_grid_fits_every_picture_into_its_cell(image):
    sheet = grid([image] * 5, columns=3, cell=(50, 90))
    assert sheet.shape == (2 * (50 + GAP) + GAP, 3 * (90 + GAP) + GAP, 3)
    assert (sheet[GAP + 25, GAP + 45] == 128).all()
    assert (sheet[-30, -30] == LIGHT).all(), "the last cell is empty"
    assert grid([image[:, :1]], titles=["a title far too long for its narrow cell"], cell=(20, 30)).shape[1] == 46


def test_pictures_and_titles_must_match(image):
    for show in (side_by_side, grid):
        with pytest.raises(ValueError, match="no picture"):
            show([])
        with pytest.raises(ValueError, match="1 pictures but 2 titles"):
            show([image], titles=["a", "b"])


def test_as_rgb_copies(image):
    copy = as_rgb(image)
    copy[:] = 0
    assert (image == 128).all()
    assert as_rgb(image[..., :1]).shape == (100, 120, 3)


def test_the_score_of_a_line_that_runs_upwards_is_written_above_it():
    """The first corner is the lower left one; the label stands where it stands for the other direction."""
    image = np.zeros((200, 200, 3), np.uint8)
    tall = np.array([[100, 50], [120, 50], [120, 150], [100, 150]], np.float32)
    for poly in (tall, np.roll(tall, -3, axis=0)):
        label = np.argwhere((draw_polygons(image, [poly], [0.9]) != draw_polygons(image, [poly])).any(axis=2))
        assert label[:, 0].min() > 20 and label[:, 0].max() <= 52 and label[:, 1].min() >= 98
