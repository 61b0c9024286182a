"""The prediction of a recogniser."""

import json

import numpy as np

from mindocr.predictions.text import Character, Text

STEPS = [1, 4, 5, 6, 7, 9, 12]
CHARACTERS = [Character(sign, step, step + 1, 0.9) for sign, step in zip("Größe 文", STEPS)]
TEXT = Text("Größe 文", 0.98765, CHARACTERS, 40, filled=0.75)


def test_json_loses_nothing():
    assert Text.from_json(json.loads(json.dumps(TEXT.to_json()))) == TEXT


def test_entries_and_line_are_rounded():
    assert TEXT.entries() == {"transcription": "Größe 文", "confidence": 0.9877}
    assert TEXT.result_line("a b.png") == "a b.png\tGröße 文\t0.9877"


def test_the_drawing_has_a_strip_below():
    picture = TEXT.draw(np.zeros((48, 100, 3), np.uint8))
    assert picture.shape == (72, 100, 3)
    assert 0 < (picture[48:] < 128).mean() < 0.5


def test_spans_are_shares_of_the_line_without_padding():
    assert TEXT.spans()[0].tolist() == [1 / 30, 2 / 30]
    assert Text().spans().shape == (0, 2)
