"""The prediction of a classifier."""

import json

import numpy as np

from mindocr.predictions.classification import Classification

TURNED = Classification("180", 0.98765)


def test_json_loses_nothing():
    assert Classification.from_json(json.loads(json.dumps(TURNED.to_json()))) == TURNED
    assert len(TURNED) == 1


def test_entries_and_line_are_rounded():
    assert TURNED.entries() == {"label": "180", "confidence": 0.9877}
    assert TURNED.result_line("a b.png") == "a b.png\t180\t0.9877"


def test_the_drawing_has_a_strip_below():
    picture = TURNED.draw(np.zeros((48, 192, 3), np.uint8))
    assert picture.shape == (72, 192, 3)
    assert 0 < (picture[48:] < 128).mean() < 0.5
