"""The matrix of confusions."""

from __future__ import annotations

from collections import Counter

from mindocr.report.recognition.matrix import SIDE, draw, matrix_of, name_of, told


def test_rows_and_columns_have_the_most_frequent_first_and_case_is_left_out():
    matrix = matrix_of(Counter({("o", "0"): 3, ("l", "1"): 5, ("l", "i"): 1, ("a", "A"): 90, ("x", ""): 2}))
    assert (matrix.rows, matrix.columns) == (["l", "o", "x"], ["1", "0", "", "i"])
    assert matrix.counts == {("o", "0"): 3, ("l", "1"): 5, ("l", "i"): 1, ("x", ""): 2}


def test_a_large_matrix_is_cut():
    matrix = matrix_of(Counter({(chr(0x4E00 + i), chr(0x5E00 + i)): 100 - i for i in range(60)}))
    assert len(matrix.rows) == len(matrix.columns) == SIDE and matrix.rows[0] == "\u4e00"


def test_names_and_drawing():
    assert [name_of(each) for each in ("", " ", "a", "\u200b", "<")] == ["∅", "␣", "a", "U+200B", "<"]
    assert [told(step) for step in (("a", ""), ("", " "), ("a", "b"))] == ["a lost", "␣ added", "a read as b"]
    drawing = draw(matrix_of(Counter({("<", "&"): 2})))
    assert "&lt; read as &amp;: 2 times" in drawing and "<script" not in drawing
    assert draw(matrix_of(Counter())).startswith("<svg")
