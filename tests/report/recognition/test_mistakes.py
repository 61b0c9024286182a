"""The tag of a wrong text, and the table of tags."""

from __future__ import annotations

import pytest
from words import report_of

from mindocr.report.recognition.mistakes import (
    CASE,
    EMPTY,
    KINDS,
    LONG,
    ONE,
    OTHER,
    SEVERAL,
    SHORT,
    SIGNS,
    SPACES,
    UNKNOWN,
    rows_of,
    tag_of,
)

CASES = [
    ("EXIT", "", EMPTY),
    ("Exit", "EXIT", CASE),
    ("way out", "WAYOUT", SPACES),
    ("No.1", "no1", SIGNS),
    ("...", ". ..", SPACES),
    ("...", "---", OTHER),
    ("ENTRANCE", "ENTRA", SHORT),
    ("ENTRANCE", "ance", SHORT),
    ("EXIT", "EXITexit", LONG),
    ("EXIT", "EX1T", ONE),
    ("EXIT", "EXI", ONE),
    ("EXITS", "EXITSX", ONE),
    ("EXIT", "sale", OTHER),
    ("CORRIDOR", "C0RRID0R", SEVERAL),
]


@pytest.mark.parametrize(("truth", "found", "tag"), CASES)
def test_each_kind(truth, found, tag):
    (word,) = report_of([(truth, found)]).words
    assert tag_of(word) == tag and tag in KINDS


def test_characters_outside_the_dictionary_come_before_other_reasons():
    (word,) = report_of([("café", "cafe")], characters="abcdef").words
    assert tag_of(word) == UNKNOWN


def test_rows_are_counted_and_state_what_would_be_exact():
    words = report_of([("Exit", "EXIT"), ("No 5", "no5"), ("a", "b"), ("Exit", "exit"), ("ok", "ok")]).words
    tags = ["" if word.exact else tag_of(word) for word in words]
    rows = {row.tag: row for row in rows_of(words, tags, "acc")}
    assert list(rows) == [CASE, SPACES, ONE]
    assert (rows[CASE].texts, rows[CASE].right, rows[CASE].exact) == (2, 2, pytest.approx(3 / 5))
    assert (rows[ONE].texts, rows[ONE].right, rows[ONE].exact) == (1, 0, pytest.approx(2 / 5))
    assert rows_of([], [], "acc") == []
