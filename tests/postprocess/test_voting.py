"""Top-k voting NMS on polygons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import ConfigError
from mindocr.postprocess.voting import Voting, merge_polygons, soft_nms


def box(x, y=0, w=10, h=4):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], float)


def test_soft_nms_by_hand():
    iou = np.array([[1, 0.6, 0.1], [0.6, 1, 0.5], [0.1, 0.5, 1]])
    scores = np.array([0.9, 0.8, 0.7])
    # The first lowers the second to 0.8 * 0.4 = 0.32; so the third comes before it, and lowers it to 0.16.
    assert soft_nms(iou, scores, 0.5, 0.1) == [0, 2, 1]
    assert soft_nms(iou, scores, 0.5, 0.17) == [0, 2]
    assert soft_nms(iou, scores, 0.7, 0.3) == [0, 1, 2]
    assert soft_nms(np.ones((2, 2)), np.array([0.5, 0.5]), 0.5, 0.1) == [0]
    assert soft_nms(np.zeros((0, 0)), np.zeros(0), 0.5, 0.1) == []


def test_votes_by_hand():
    # Boxes of width 10, shifted by 1: IoU 9 / 11; by 2: 8 / 12; by 6: 4 / 16.
    polys, scores = [box(0), box(1), box(2), box(6)], [0.8, 0.4, 0.6, 0.5]
    every = {"iou": 0.5, "min_score": 0.0}
    found, kept = merge_polygons(polys, scores, [0, 1, 2, 3], 4, Voting(top_k=3, **every))
    # The two best voters of the first are those of 0.6 and 0.4; the last has IoU 6 / 14 with the third: no vote.
    np.testing.assert_allclose(found[0], box((2 * 0.6 + 1 * 0.4) / 1.8))
    np.testing.assert_allclose(found[1], box(6))
    assert kept == pytest.approx([1.8 / 4, 0.5 / 4]) and len(found) == 2
    assert merge_polygons(polys, scores, [0, 1, 2, 3], 4, Voting(min_score=0.4))[1] == pytest.approx([0.45])
    found, _ = merge_polygons(polys, scores, [0, 1, 2, 3], 4, Voting(top_k=2, **every))
    np.testing.assert_allclose(found[0], box(2 * 0.6 / 1.4))
    found, _ = merge_polygons(polys, scores, [0, 1, 2, 3], 4, Voting(top_k=1, **every))
    np.testing.assert_array_equal(found[0], box(0))


def test_a_text_needs_votes_of_different_sources():
    polys, scores = [box(0), box(1), box(40)], [0.8, 0.7, 0.9]
    assert merge_polygons(polys, scores, [0, 1, 0], 2, Voting(min_votes=2))[1] == [0.75]
    # two votes of one source count once, by the better one
    assert merge_polygons(polys, scores, [0, 0, 1], 2, Voting())[1] == [0.45, 0.4]
    assert merge_polygons(polys, scores, [0, 0, 0], 1, Voting(min_votes=2)) == ([], [])


def test_nothing_and_polygons_without_an_area():
    assert merge_polygons([], [], [], 2, Voting()) == ([], [])
    flat = np.zeros((4, 2))
    found, scores = merge_polygons([flat], [0.5], [0], 1, Voting())
    np.testing.assert_array_equal(found[0], flat)
    assert scores == [0.5]


rectangles = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(2, 30), st.integers(2, 20), st.floats(0, 1)),
    max_size=12,
)


@given(rectangles, st.integers(1, 4), st.floats(0.1, 1))
def test_properties(rows, top_k, iou):
    polys, scores = [box(*row[:4]) for row in rows], [row[4] for row in rows]
    voting = Voting(top_k=top_k, iou=iou, soft_score=0.2, min_score=0.0)
    found, kept = merge_polygons(polys, scores, [0] * len(rows), 1, voting)
    assert len(found) == len(kept) <= len(rows)
    assert all(score in scores and score >= 0.2 for score in kept)
    if any(score >= 0.2 for score in scores):
        assert kept[0] == max(scores)
    for poly in found:  # a mean of boxes lies in the box around all of them
        every = np.concatenate(polys)
        assert (poly >= every.min(axis=0) - 1e-6).all() and (poly <= every.max(axis=0) + 1e-6).all()
    if top_k == 1:
        assert all(any(np.array_equal(poly, one) for one in polys) for poly in found)


@given(rectangles)
def test_results_that_agree_come_out_as_one_of_them(rows):
    rows = [row for row in rows if row[4] >= 0.3]
    far = [box(100 * i + row[0], 0, *row[2:4]) for i, row in enumerate(rows)]
    scores = [row[4] for row in rows]
    found, kept = merge_polygons(
        far * 3, scores * 3, [i // max(len(far), 1) for i in range(3 * len(far))], 3, Voting(min_score=0.3)
    )
    order = np.argsort([-score for score in scores], kind="stable")
    assert kept == pytest.approx([scores[i] for i in order])
    for poly, i in zip(found, order):
        np.testing.assert_allclose(poly, far[i], atol=1e-9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"top_k": 0}, "top_k: expected a whole number from 1, got 0"),
        ({"iou": 0}, "iou: expected a number above 0, up to 1, got 0"),
        ({"min_score": 2}, "min_score: expected 0 to 1, got 2"),
        ({"soft_score": -1}, "soft_score: expected 0 to 1, got -1"),
        ({"min_votes": 0}, "min_votes: expected a whole number from 1"),
    ],
)
def test_wrong_settings(values, message):
    with pytest.raises(ConfigError, match=message):
        Voting(**values)


def test_lists_that_do_not_fit():
    with pytest.raises(ValueError, match="1 polygons, 2 scores, 1 sources"):
        merge_polygons([box(0)], [1, 1], [0], 1, Voting())
    with pytest.raises(ValueError, match=r"expected sources from 0 to 1, got \[2\]"):
        merge_polygons([box(0)], [1], [2], 2, Voting())
