"""Anchors of CTPN, their order, and the coding of boxes: values computed by a script that shares no code with ours."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.geometry.text_anchors import HEIGHTS, anchor_boxes, anchor_grid, decode, encode, heights_of, per_anchor

BASE_14 = [
    [0, 6, 15, 8], [0, 5, 15, 9], [0, 4, 15, 11], [0, 2, 15, 13], [0, 0, 15, 15], [0, -4, 15, 19], [0, -9, 15, 24],
    [0, -16, 15, 31], [0, -26, 15, 41], [0, -41, 15, 56], [0, -62, 15, 77], [0, -91, 15, 106], [0, -134, 15, 149],
    [0, -195, 15, 210],
]  # fmt: skip


def test_anchors_of_the_first_cell():
    assert anchor_boxes("mindspore").tolist() == BASE_14
    assert anchor_boxes("paper").tolist() == BASE_14[3:13]
    assert anchor_boxes([16, 33]).tolist() == [BASE_14[4], BASE_14[6]]


def test_all_anchors_in_the_order_row_column_height():
    grid = anchor_grid("mindspore", 36, 60)
    assert grid.shape == (30240, 4) and anchor_grid("paper", 36, 60).shape == (21600, 4)
    for row, column, height in [(0, 0, 0), (0, 1, 3), (7, 41, 5), (35, 59, 13)]:
        expected = np.array(BASE_14[height]) + [16 * column, 16 * row, 16 * column, 16 * row]
        assert grid[(row * 60 + column) * 14 + height].tolist() == expected.tolist()


def test_output_maps_have_the_order_of_the_anchors():
    values = np.arange(3 * 2 * 4 * 5).reshape(3 * 2, 4, 5)
    rows = per_anchor(values, 3)
    assert rows.shape == (60, 2)
    for row, column, height in [(0, 0, 0), (0, 1, 2), (2, 3, 1), (3, 4, 2)]:
        expected = values[2 * height : 2 * height + 2, row, column]
        assert rows[(row * 5 + column) * 3 + height].tolist() == expected.tolist()


def test_coding_of_a_box():
    anchor = np.array([[160, 100, 175, 155]], dtype=np.float32)
    deltas = encode(anchor, np.array([[160, 92, 175, 150]], dtype=np.float32))
    assert np.allclose(deltas, [[0, -0.11607143, 0, 0.05218575]], atol=1e-7)
    assert np.allclose(decode(anchor, deltas), [[160, 92, 176, 151]], atol=1e-4), "one pixel larger"
    assert np.array_equal(decode(anchor, deltas[:, [1, 3]]), decode(anchor, deltas)), "dy and dh alone"


def test_decoding_ignores_the_horizontal_numbers():
    anchors = anchor_grid([16, 48], 2, 3)
    deltas = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    assert np.array_equal(decode(anchors, deltas), decode(anchors, deltas * np.array([0, 1, 0, 1], np.float32)))


def test_decoding_inverts_encoding_but_for_one_pixel():
    rng = np.random.default_rng(1)
    anchors = anchor_grid("mindspore", 4, 6)
    boxes = anchors.copy()
    boxes[:, 1] -= rng.uniform(-9, 30, len(boxes)).astype(np.float32)
    boxes[:, 3] = boxes[:, 1] + rng.uniform(0, 200, len(boxes)).astype(np.float32)
    assert np.allclose(decode(anchors, encode(anchors, boxes)), boxes + [0, 0, 1, 1], atol=2e-3)


@pytest.mark.parametrize(("heights", "message"), [([], "got \\[\\]"), ([16, 0], "got \\[16, 0\\]")])
def test_heights_that_are_none(heights, message):
    with pytest.raises(ValueError, match=message):
        heights_of(heights)


def test_names_of_the_two_lists():
    assert HEIGHTS["paper"] == HEIGHTS["mindspore"][3:13]
    with pytest.raises(ValueError, match="one of mindspore, paper, got 'papier'"):
        heights_of("papier")
