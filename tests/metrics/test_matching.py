"""Functions that several protocols share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.errors import ConfigError
from mindocr.metrics.matching import Image, ImageResult, f_score, greedy_one_to_one, ratio
from mindocr.metrics.protocols import PROTOCOLS, build_protocol


def test_first_come_first_served():
    fits = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], dtype=bool)
    assert greedy_one_to_one(fits) == [(0, 0), (2, 1)], "a best assignment would match all three"
    assert greedy_one_to_one(np.zeros((0, 3), dtype=bool)) == []


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**31))
@settings(max_examples=50)
def test_matching_agrees_with_two_loops(rows, columns, seed):
    fits = np.random.default_rng(seed).random((rows, columns)) < 0.4
    expected, used_rows, used_columns = [], set(), set()
    for row in range(rows):
        for column in range(columns):
            if fits[row, column] and row not in used_rows and column not in used_columns:
                expected.append((row, column))
                used_rows.add(row)
                used_columns.add(column)
    assert greedy_one_to_one(fits) == expected


def test_means_without_a_denominator_are_zero():
    assert f_score(0, 0) == 0
    assert f_score(0.5, 1) == pytest.approx(2 / 3)
    assert ratio(3, 0) == 0
    assert ImageResult(counts={}, recall=1.0, precision=0.5).f_score == pytest.approx(2 / 3)


def test_an_unknown_protocol_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown protocol 'icdar2016' \(did you mean 'icdar2015'\?\); known: "):
        build_protocol("icdar2016")


def test_every_protocol_scores_the_counts_that_it_names():
    for name in PROTOCOLS.names():
        protocol = build_protocol(name)
        (result,) = protocol.match([Image([], np.zeros(0, dtype=bool), [])])
        assert set(result.counts) == set(protocol.count_names)
        assert protocol.score(result.counts) == (0, 0)
