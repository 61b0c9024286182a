"""Accuracy by properties of the text, with hand-computed groups."""

from __future__ import annotations

import numpy as np
import pytest
from words import report_of

from mindocr.metrics.interval import wilson
from mindocr.report.recognition import groups


@pytest.mark.parametrize(
    ("text", "script", "signs"),
    [
        ("Exit", "Latin", "letters"),
        ("Ｅｘｉｔ", "Latin", "letters"),
        ("出口", "Chinese", "letters"),
        ("出口です", "Japanese", "letters"),
        ("출구", "Korean", "letters"),
        ("Выход", "Cyrillic", "letters"),
        ("Έξοδος", "Greek", "letters"),
        ("Exit 出口", "several", "letters"),
        ("12:30", "digits", "with signs"),
        ("A-1", "Latin", "with signs"),
        ("...", "signs", "with signs"),
        (" ", "signs", "nothing"),
        ("A1", "Latin", "mixed"),
    ],
)
def test_script_and_signs(text, script, signs):
    assert (groups.script_of(text), groups.signs_of(text)) == (script, signs)


def test_by_length():
    words = report_of([("a", "a"), ("b", "x"), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc")]).words
    bins = groups.by_length(words, "acc")
    assert [(each.name, each.texts, each.hits) for each in bins] == [
        ("1", 2, 1), ("2", 0, 0), ("3–4", 2, 2), ("5–7", 1, 0),
    ]  # fmt: skip
    assert (bins[0].low, bins[0].high) == wilson(1, 2)


def test_by_height_and_confidence():
    box = np.array([[0, 0], [40, 0], [40, 10], [0, 10]])
    words = report_of([("a", "a"), ("b", "")], polygon=box).words
    assert [(each.name, each.texts, each.hits) for each in groups.by_height(words, "acc")] == [("8–12", 2, 1)]
    assert [(each.name, each.texts) for each in groups.by_confidence(words, "acc")][0] == ("0–0.5", 1)
    whole = report_of([("a", "a")], polygon=np.zeros((0, 2))).words
    assert groups.by_height(whole, "acc") == [] and whole[0].polygon is None


def test_rare_scripts_are_put_together():
    texts = ["a", "я", "α", "א", "ب", "अ", "ก", "한", "a"]
    bins = groups.by_script(report_of([(text, text) for text in texts]).words, "acc")
    assert len(bins) == groups.MOST and bins[0].name == "Latin" and bins[-1].name == "others"
    assert sum(each.texts for each in bins) == len(texts)
