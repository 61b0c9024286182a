"""Levenshtein distance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.metrics.edit_distance import edit_distance, similarity

TEXTS = st.text(st.sampled_from("abé字"), max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 2), ("abcd", "bcd", 1), ("ab", "", 2)],
)
def test_by_hand(one, other, distance):
    assert edit_distance(one, other) == distance


def test_similarity():
    assert similarity("", "") == 1
    assert similarity("abcd", "abxd") == pytest.approx(0.75)
    assert similarity("ab", "") == 0


@given(TEXTS, TEXTS, TEXTS)
def test_it_is_a_metric(one, other, third):
    direct = edit_distance(one, other)
    assert direct == edit_distance(other, one) and (direct == 0) == (one == other)
    assert direct <= edit_distance(one, third) + edit_distance(third, other)
    assert 0 <= similarity(one, other) <= 1
