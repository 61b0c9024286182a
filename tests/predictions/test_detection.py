"""Detections as JSON, as lines of files and as pictures."""

import json

import numpy as np

from mindocr.formats.label_file import parse_label_line
from mindocr.predictions.detection import Detection

QUAD = np.array([[10.04, 20.06], [50.0, 20.0], [50.0, 40.0], [10.0, 40.0]], np.float32)
FOUND = Detection([QUAD, QUAD + 3], [0.91236, 0.5])


def test_json_keeps_every_bit():
    again = Detection.from_json(json.loads(json.dumps(FOUND.to_json())))
    assert again.scores == FOUND.scores and len(again) == 2
    for poly, expected in zip(again.polys, FOUND.polys, strict=True):
        assert poly.dtype == np.float32
        np.testing.assert_array_equal(poly, expected)


def test_entries_are_rounded():
    assert FOUND.entries()[0] == {"points": [[10.0, 20.1], [50.0, 20.0], [50.0, 40.0], [10.0, 40.0]], "score": 0.9124}


def test_a_result_line_is_a_label_line_with_scores():
    path, texts = parse_label_line(FOUND.result_line("folder/a b.jpg"), "results", 1)
    assert path == "folder/a b.jpg" and [text["transcription"] for text in texts] == ["", ""]
    assert '"score": 0.5' in FOUND.result_line("a.jpg")
    assert Detection().result_line("a.jpg") == "a.jpg\t[]"


def test_drawing_leaves_the_image_alone():
    image = np.zeros((60, 80, 3), np.uint8)
    drawn = FOUND.draw(image)
    assert drawn.shape == image.shape and drawn.any() and not image.any()
