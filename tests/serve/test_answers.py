"""Formats of an answer, and how a client chooses one."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.formats.label_file import parse_label_line
from mindocr.predictions.detection import Detection
from mindocr.reading.page import Line, Page, Word
from mindocr.serve.answers import FoundText, FoundTexts, ReadTexts, chosen_format, encode
from mindocr.serve.refusal import Refusal

SQUARE = np.array([[0, 0], [8, 0], [8, 4], [0, 4]], np.float32)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/html, image/png;q=0.8, */*;q=0.1", "png"),
        ("image/*", "jpeg"),
        ("IMAGE/PNG", "png"),
        ("image/png;q=0.2, image/jpeg;q=0.9", "jpeg"),
        ("application/json;q=0, text/plain", "text"),
        ("text/tab-separated-values", "labels"),
        ("image/png;q=high, */*", "json"),
    ],
)
def test_the_header_chooses(accept: str, form: str) -> None:
    assert chosen_format(None, accept) == form
    assert chosen_format("labels", accept) == "labels"


@pytest.mark.parametrize("accept", ["video/mp4", "application/json;q=0", "html"])
def test_a_header_without_a_known_format(accept: str) -> None:
    with pytest.raises(Refusal, match="expected one of application/json, image/jpeg") as refused:
        chosen_format(None, accept)
    assert refused.value.status == 406


def test_polygons_of_a_detector() -> None:
    answer = FoundTexts(Detection([SQUARE], [0.87654]), (20, 30))
    (text,) = answer.texts()
    assert text == {"points": [[0, 0], [8, 0], [8, 4], [0, 4]], "score": 0.8765}
    FoundText.model_validate(text)
    name, (label,) = parse_label_line(answer.labels("a\tb.jpg"), "labels", 1)
    assert (name, label["points"], label["score"]) == ("a\tb.jpg", text["points"], 0.8765)
    with pytest.raises(Refusal, match="does not read"):
        answer.text()


@pytest.mark.parametrize("level", ["line", "word", "character"])
def test_lines_of_a_reader(level) -> None:
    parts = [Word(SQUARE[:3], "A", 0.5), Word(SQUARE[1:], "B", 0.7)]
    answer = ReadTexts(Page([Line(SQUARE, "AB", 0.6, 0.9, parts)], (20, 30), left_out=2, level=level))
    (text,) = answer.texts()
    FoundText.model_validate(text)
    assert (text["transcription"], text["confidence"], answer.left_out) == ("AB", 0.6, 2)
    assert [part["transcription"] for part in text.get(f"{level}s", [])] == ([] if level == "line" else ["A", "B"])
    _, labels = parse_label_line(answer.labels("a.jpg"), "labels", 1)
    assert [label["transcription"] for label in labels] == (["AB"] if level == "line" else ["A", "B"])
    assert answer.text() == ("A B" if level == "word" else "AB")


def test_a_picture_too_wide_for_a_jpeg() -> None:
    wide = np.zeros((1, 65_501, 3), np.uint8)
    assert encode(wide, ".png").startswith(b"\x89PNG")
    with pytest.raises(Refusal, match="ask for json") as refused:
        encode(wide, ".jpg")
    assert refused.value.status == 422
