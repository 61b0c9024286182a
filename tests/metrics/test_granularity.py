"""Whether labels and a detector mean the same by one text."""

import numpy as np
import pytest

from mindocr.metrics.granularity import Granularity, compare_image, compare_images


def box(x, y, w, h=10):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def test_words_in_the_box_of_a_line_are_joined():
    words = [box(0, 0, 40), box(50, 0, 40), box(100, 0, 40), box(0, 50, 40), box(0, 100, 40), box(0, 200, 40)]
    found = [
        box(0, 0, 90),  # holds two words; its IoU with each is 40/90
        box(100, 0, 40),  # exactly one
        box(0, 50, 100),  # holds one word, too large: IoU 0.4
        box(0, 100, 10),  # a part of a word: IoU 0.25, and less than half of the word
        box(300, 300, 10),  # nothing there
    ]
    result = compare_image(words, [False] * 6, found)
    assert result == Granularity(hit=1, joined=2, split=0, loose=1, missed=2, boxes=4, joining_boxes=1)
    assert result.texts == 6 and result.share("joined") == pytest.approx(1 / 3)
    assert result.verdict == "finer"
    assert "33% of the texts share a box with others" in result.advice()
    assert "of 6 texts 1 are hit, 2 lie in a box that holds at least 2 texts" in result.describe()


def test_a_line_that_is_found_as_words_is_split():
    lines = [box(0, 0, 100), box(0, 50, 100)]
    found = [box(0, 0, 30), box(35, 0, 30), box(70, 0, 30), box(0, 50, 100)]
    result = compare_image(lines, [False, False], found)
    assert result == Granularity(hit=1, split=1, boxes=4)
    assert result.verdict == "coarser" and "found in several boxes" in result.advice()


def test_ignored_texts_count_neither_alone_nor_in_a_box():
    words = [box(0, 0, 40), box(50, 0, 40)]
    result = compare_image(words, [False, True], [box(0, 0, 90)])
    assert result == Granularity(loose=1, boxes=1) and result.verdict == "same" and not result.advice()


def test_nothing_found_and_nothing_labelled():
    assert compare_image([box(0, 0, 40)], [False], []) == Granularity(missed=1)
    assert compare_image([], [], [box(0, 0, 40)]) == Granularity() and Granularity().share("hit") == 0


def test_images_add_up():
    one = ([box(0, 0, 40)], [False], [box(0, 0, 40)])
    assert compare_images([one, one, ([box(0, 0, 40)], np.array([False]), [])]) == Granularity(hit=2, missed=1, boxes=2)


def test_every_text_is_in_exactly_one_group():
    rng = np.random.default_rng(0)
    for _ in range(30):
        truth = [box(*rng.uniform(0, 60, 2), *rng.uniform(5, 60, 2)) for _ in range(6)]
        found = [box(*rng.uniform(0, 60, 2), *rng.uniform(5, 60, 2)) for _ in range(5)]
        result = compare_image(truth, [False] * 6, found)
        assert result.texts == 6 and result.joining_boxes <= result.boxes <= 5
