"""Contours found in windows are exactly those of one search."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry.boxes import scores_inside
from mindocr.postprocess import regions
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.windows import contours_in_windows


def as_set(contours):
    return sorted(tuple(map(tuple, contour.reshape(-1, 2).tolist())) for contour in contours)


def both(bitmap, side, overlap):
    found = contours_in_windows(
        lambda left, top, right, bottom: bitmap[top:bottom, left:right].copy(), bitmap.shape, side, overlap
    )
    expected = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]
    return as_set(found), as_set(expected)


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 70), st.integers(6, 24), st.floats(0.5, 4))
def test_windows_find_what_one_search_finds(seed, h, w, side, smooth):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(h, w)), (0, 0), smooth)
    found, expected = both((noise > 0.3 * noise.std()).astype(np.uint8), side, side // 3)
    assert found == expected


def test_shapes_longer_than_every_window():
    bitmap = np.zeros((60, 90), np.uint8)
    cv2.rectangle(bitmap, (2, 2), (87, 57), 1, 2)  # a frame
    cv2.rectangle(bitmap, (10, 10), (80, 50), 1, 1)  # another inside it
    bitmap[30, 12:78] = 1
    bitmap[28:33, 40:44] = 1
    bitmap[20:22, 20:24] = 1
    found, expected = both(bitmap, 16, 5)
    assert found == expected and len(found) == 6


@pytest.mark.parametrize("dilation", [False, True])
@pytest.mark.parametrize("box_type", ["quad", "poly"])
def test_a_large_map_of_bytes_gives_the_texts_of_a_map_of_fractions(monkeypatch, dilation, box_type):
    rng = np.random.default_rng(5)
    prob = np.zeros((300, 400), np.float32)
    for _ in range(40):
        x, y, w, h = rng.integers((0, 0, 10, 5), (380, 280, 150, 20))
        prob[y : y + h, x : x + w] = rng.integers(80, 255) / 255
    stored = np.rint(prob * 255).astype(np.uint8)
    find = DBPostprocess(box_thresh=0.4, dilation=dilation, box_type=box_type)
    shape = np.array([[300, 400, 1, 1]], np.float32)
    (expected,) = find(prob[None], shape)
    monkeypatch.setattr(regions, "LARGE", 1000)
    monkeypatch.setattr(regions, "contours_in_windows", lambda *args: contours_in_windows(*args, 64, 20))
    (found,) = find(stored[None], shape)
    assert len(found) == len(expected) > 5
    for ours, theirs in zip(found.polys, expected.polys):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_scores_and_the_highest_value_of_bytes():
    stored = np.full((4, 6), 51, np.uint8)  # 0.2
    outline = np.array([[0, 0], [5, 0], [5, 3], [0, 3]], np.int32)
    np.testing.assert_allclose(scores_inside(stored, [outline]), [0.2])
    (found,) = DBPostprocess()(stored[None], np.array([[4, 6, 1, 1]]))
    assert not found.polys and found.highest == pytest.approx(0.2)
