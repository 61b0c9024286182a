"""The text of a page."""

import json

import numpy as np

from mindocr.reading.page import Line, Page, Word

POLY = np.array([[1, 2], [31.04, 2], [31, 12], [1, 12]], np.float32)
PAGE = Page([Line(POLY, "EXIT", 0.91234, 0.8), Line(POLY + 15, "出口 →", 0.7, 0.65)], (40, 60), "a.jpg", left_out=1)


def test_text_and_length():
    assert (PAGE.text, len(PAGE), Page([], (1, 1)).text) == ("EXIT\n出口 →", 2, "")


def test_json():
    stored = json.loads(json.dumps(PAGE.to_json()))
    assert stored["image"] == "a.jpg" and stored["size"] == [40, 60]
    assert stored["lines"][0] == {
        "transcription": "EXIT", "points": [[1, 2], [31, 2], [31, 12], [1, 12]], "confidence": 0.9123, "score": 0.8,
    }  # fmt: skip


def test_the_drawing_shows_the_polygons():
    drawn = PAGE.draw(np.full((40, 60, 3), 255, np.uint8))
    assert drawn.shape == (40, 60, 3) and (drawn != 255).any()


WORDS = [Word(POLY, "fire", 0.8), Word(POLY + 30, "exit", 0.66666)]


def test_a_page_of_words():
    page = Page([Line(POLY, "fireexit", 0.7, 0.9, WORDS), Line(POLY, "→", 0.6, 0.9)], (40, 60), level="word")
    assert page.text == "fire exit\n→"
    assert page.parts == WORDS
    assert page.to_json()["lines"][0]["words"][1]["transcription"] == "exit"
    assert page.to_json()["lines"][0]["words"][1]["confidence"] == 0.6667
    assert page.to_json()["lines"][1]["words"] == []
    assert [entry["transcription"] for entry in page.entries()] == ["fire", "exit"]


def test_a_page_of_characters():
    page = Page([Line(POLY, "fireexit", 0.7, 0.9, WORDS)], (40, 60), level="character")
    assert page.text == "fireexit"
    assert len(page.to_json()["lines"][0]["characters"]) == 2
    drawn = page.draw(np.full((40, 60, 3), 255, np.uint8))
    assert (drawn != 255).any()
