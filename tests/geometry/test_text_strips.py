"""Strips of texts along upright and slanted edges, at the border of the image, and of odd texts."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.geometry.text_anchors import anchor_grid
from mindocr.geometry.text_strips import covered, cut_into_strips, overlap

SIZE = (96, 160)


def box(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.float32)


@pytest.mark.parametrize("mode", ["box", "quad"])
def test_a_box_from_5_to_40_has_strips_at_0_16_and_32(mode):
    strips = cut_into_strips([box(5, 10, 40, 30)], SIZE, mode)
    assert strips.boxes.tolist() == [[0, 10, 15, 30], [16, 10, 31, 30], [32, 10, 47, 30]]
    assert strips.owners.tolist() == [0, 0, 0] and strips.columns.tolist() == [0, 1, 2]


def test_several_texts_and_multiples_of_16():
    strips = cut_into_strips([box(16, 0, 48, 9), box(33, 40, 35, 50)], SIZE)
    assert strips.boxes.tolist() == [[16, 0, 31, 9], [32, 0, 47, 9], [32, 40, 47, 50]]
    assert strips.owners.tolist() == [0, 0, 1]
    assert strips.take(np.array([False, True, True])).owners.tolist() == [0, 1]


@pytest.mark.parametrize("mode", ["box", "quad"])
def test_no_text_gives_no_strip(mode):
    strips = cut_into_strips([], SIZE, mode)
    assert strips.boxes.shape == (0, 4) and strips.owners.shape == (0,)
    assert overlap(strips.boxes, anchor_grid([16], 6, 1)).shape == (0, 6)


@pytest.mark.parametrize("mode", ["box", "quad"])
def test_texts_without_width_or_height(mode):
    strips = cut_into_strips([box(32, 10, 32, 30), box(20, 40, 50, 40)], SIZE, mode)
    assert strips.boxes[:1].tolist() == [[32, 10, 47, 30]]
    assert strips.boxes[1:].tolist() == [[16, 40, 31, 40], [32, 40, 47, 40], [48, 40, 63, 40]], "one pixel high"


@pytest.mark.parametrize("mode", ["box", "quad"])
def test_texts_at_and_beyond_the_border(mode):
    strips = cut_into_strips([box(-40, -5, 20, 99), box(150, 90, 1e9, 95), box(0, 97, 9, 120)], SIZE, mode)
    assert strips.boxes.tolist() == [[0, 0, 15, 95], [16, 0, 31, 95], [144, 90, 159, 95]]
    assert cut_into_strips([box(-40, 0, -20, 9), box(160, 0, 170, 9), box(0, -9, 9, -1)], SIZE, mode).boxes.size == 0


def test_strips_follow_slanted_edges():
    slanted = np.array([[8, 10], [72, 26], [72, 46], [8, 30]], dtype=np.float32)  # falls by 1 in 4
    boxes = cut_into_strips([slanted], SIZE, "quad").boxes
    # the first and the last strip are half covered: their middles are 12 and 68
    middles = np.array([12, 24, 40, 56, 68])
    assert boxes[:, 0].tolist() == [0, 16, 32, 48, 64]
    assert np.allclose(boxes[:, 1], 10 + (middles - 8) / 4) and np.allclose(boxes[:, 3] - boxes[:, 1], 20)
    upright = cut_into_strips([slanted], SIZE, "box").boxes
    assert (upright[:, 1] == 10).all() and (upright[:, 3] == 46).all()


def test_strips_follow_a_curve_and_turn_with_the_corner_at_the_start():
    arch = np.array([[0, 40], [32, 20], [64, 40], [64, 60], [32, 40], [0, 60]], dtype=np.float32)
    for shift in range(6):
        boxes = cut_into_strips([np.roll(arch, shift, axis=0)], SIZE, "quad").boxes
        assert boxes[:, 1].tolist() == [35, 25, 25, 35] and boxes[:, 3].tolist() == [55, 45, 45, 55]


def test_overlap_counts_both_borders():
    strips = np.array([[0, 0, 15, 15], [0, 4, 15, 35]], dtype=np.float32)
    anchors = anchor_grid([16, 33], 1, 1)  # heights 16 and 34 after the cut: y 0..15 and -9..24
    assert np.allclose(overlap(strips, anchors), [[1, 16 / 34], [12 / 36, 21 / 45]])
    assert np.allclose(covered(strips, anchors), [[1, 16 / 34], [12 / 16, 21 / 34]])
