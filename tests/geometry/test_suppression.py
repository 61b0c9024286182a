"""Non-maximum suppression, against the loop that defines it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.geometry.suppression import keep_best, spans


def by_loop(boxes: np.ndarray, threshold: float) -> list[bool]:
    kept: list[int] = []
    for i, (x1, y1, x2, y2) in enumerate(boxes):
        area = (x2 - x1 + 1) * (y2 - y1 + 1)
        for j in kept:
            a1, b1, a2, b2 = boxes[j]
            wide, high = min(x2, a2) - max(x1, a1) + 1, min(y2, b2) - max(y1, b1) + 1
            inner = max(wide, 0) * max(high, 0)
            if inner >= threshold * (area + (a2 - a1 + 1) * (b2 - b1 + 1) - inner):
                break
        else:
            kept.append(i)
    return [i in kept for i in range(len(boxes))]


def test_a_removed_box_removes_no_other():
    # IoU of neighbours in the list: 80 / 120; of the first and the third: 60 / 140
    boxes = np.array([[0, 0, 9, 9], [0, 2, 9, 11], [0, 4, 9, 13]])
    assert keep_best(boxes, 0.6).tolist() == [True, False, True]
    assert keep_best(boxes, 60 / 140).tolist() == [True, False, False]  # at the threshold
    assert keep_best(boxes, 0.7).tolist() == [True, True, True]


@pytest.mark.parametrize("count", [0, 1])
def test_no_box_and_one_box(count):
    assert keep_best(np.zeros((count, 4)), 0.5).tolist() == [True] * count


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([0.05, 0.2, 0.5, 0.7, 1.0]), st.booleans())
def test_the_same_as_the_loop(seed, count, threshold, strips):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 40, (count, 2)).astype(float)
    if strips:
        corner[:, 0] = corner[:, 0] // 16 * 16
    size = np.full((count, 2), 15.0) if strips else rng.integers(0, 30, (count, 2))
    size[:, 1] = rng.integers(0, 30, count)
    boxes = np.concatenate([corner, corner + size], axis=1)
    assert keep_best(boxes, threshold).tolist() == by_loop(boxes, threshold)


def test_spans():
    first, second = spans(np.array([2, 5, 7]), np.array([4, 5, 8]))
    assert first.tolist() == [0, 0, 2] and second.tolist() == [2, 3, 7]
    assert spans(np.array([3]), np.array([1]))[0].tolist() == []
