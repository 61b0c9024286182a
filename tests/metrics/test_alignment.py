"""Alignment of two texts: cases by hand, and the edit distance as the number of differences."""

from __future__ import annotations

import random

import pytest

from mindocr.metrics.alignment import align, confusions, differences, is_case_only
from mindocr.metrics.edit_distance import edit_distance


@pytest.mark.parametrize(
    ("truth", "found", "wrong"),
    [
        ("EXIT", "EXIT", []),
        ("EXIT", "EX1T", [("I", "1")]),
        ("EXIT", "EIT", [("X", "")]),
        ("EXIT", "EXXIT", [("", "X")]),
        ("", "a", [("", "a")]),
        ("ab", "", [("a", ""), ("b", "")]),
        ("WAY OUT", "WAYOUT", [(" ", "")]),
        ("rn", "m", [("r", ""), ("n", "m")]),
        ("Hello", "hel1o", [("H", "h"), ("l", "1")]),
    ],
)
def test_by_hand(truth, found, wrong):
    assert differences(align(truth, found)) == wrong


def test_both_texts_can_be_read_from_the_steps_and_the_differences_are_the_edit_distance():
    rng = random.Random(0)
    for _ in range(400):
        truth, found = ("".join(rng.choices("abc ", k=rng.randrange(9))) for _ in range(2))
        steps = align(truth, found)
        assert "".join(true for true, _ in steps) == truth and "".join(read for _, read in steps) == found
        assert ("", "") not in steps
        assert len(differences(steps)) == edit_distance(truth, found), (truth, found)


def test_confusions_are_counted():
    assert confusions([align("no", "n0"), align("oo", "00"), align("a", "ab")]) == {("o", "0"): 3, ("", "b"): 1}
    assert is_case_only(("a", "A")) and not is_case_only(("a", "b")) and not is_case_only(("a", ""))
