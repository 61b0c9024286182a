"""From images of letters to the polygons of words: crop, resizing, padding, time steps, and the way back."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from columns_are_letters import ColumnsAreLetters

from mindocr.geometry import polygon_iou
from mindocr.inference import recogniser as recogniser_module
from mindocr.predictions.detection import Detection
from mindocr.reading import reader as module
from mindocr.reading.reader import TextReader

COLOURS = {"a": (255, 0, 0), "b": (0, 255, 0), "c": (0, 0, 255)}


@pytest.fixture
def reader_of(monkeypatch):
    """A reader whose detector finds the given polygons; returns it and the runner of its recogniser."""

    def build(polys, **options):
        found = SimpleNamespace(prediction=Detection(list(polys), [0.9] * len(polys)))
        runner = ColumnsAreLetters()
        monkeypatch.setattr(module, "TextDetector", lambda model: lambda pixels: found)
        monkeypatch.setattr(recogniser_module, "open_runner", lambda model, config=None: runner)
        monkeypatch.setattr(module, "find_weights", lambda name, task: f"{name}/{task}")
        return TextReader(**options), runner

    return build


def draw(words, size=(200, 700), top=80, height=32, left=40):
    """Letters of 20 pixels, 6 apart in a word and 80 between words; returns the image, the line and the words."""
    image = np.zeros((*size, 3), np.uint8)
    boxes, x = [], left
    for word in words:
        start = x
        for letter in word:
            image[top : top + height, x : x + 20] = COLOURS[letter]
            x += 26
        boxes.append(box(start, top, x - 6, top + height))
        x += 74
    return image, box(left - 2, top - 1, x - 78, top + height + 1), boxes


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def moved(matrix, image, *polys):
    h, w = image.shape[:2]
    return cv2.warpPerspective(image, matrix, (w, h)), *(
        cv2.perspectiveTransform(poly[None], matrix)[0] for poly in polys
    )


SHIFTS = np.array([[5, 9], [0, 40], [-9, 0], [3, 5]], np.float32)
TURNS = {
    "upright": np.eye(3),
    "slanted": np.vstack([cv2.getRotationMatrix2D((350, 100), 12, 1), [0, 0, 1]]),
    "steep": np.vstack([cv2.getRotationMatrix2D((350, 300), -70, 1), [0, 0, 1]]),
    "in perspective": cv2.getPerspectiveTransform(box(0, 0, 700, 200), box(0, 0, 700, 200) + SHIFTS),
}  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
def test_words_are_where_they_are_drawn(reader_of, turn):
    words = ["ab", "c", "abca"]
    size = (700, 700) if turn == "steep" else (200, 700)
    image, line, *boxes = moved(TURNS[turn], *draw_flat(words, size))
    reader, _ = reader_of([line.astype(np.float32)], level="word")
    page = reader(image)
    assert page.text == "ab c abca" and page.lines[0].text == "abcabca"
    for word, text, truth in zip(page.parts, words, boxes, strict=True):
        assert word.text == text
        assert polygon_iou(word.polygon, truth) > 0.6


def draw_flat(words, size):
    image, line, boxes = draw(words, size, top=size[0] // 2 - 20)
    return image, line, *boxes


def test_words_of_a_curved_line(reader_of):
    """Two words along an arc, found as a polygon with many corners."""
    image = np.zeros((300, 600, 3), np.uint8)
    spans = [("a", -2.1, -2.02), ("b", -2.0, -1.92), ("c", -1.6, -1.52), ("a", -1.5, -1.42), ("b", -1.4, -1.32)]
    for letter, start, end in spans:
        cv2.fillPoly(image, [band(start, end).astype(np.int32)], COLOURS[letter])
    reader, _ = reader_of([band(-2.11, -1.31, margin=1)], level="word")
    page = reader(image)
    assert [word.text for word in page.parts] == ["ab", "cab"]
    for word, truth in zip(page.parts, [band(-2.1, -1.92), band(-1.6, -1.32)], strict=True):
        assert polygon_iou(word.polygon, truth) > 0.6
        assert len(word.polygon) > 4


def band(start, end, margin=0):
    """The region between two circles around (300, 420), from one angle to another."""
    angles = np.linspace(start, end, 15)
    rings = [np.stack([300 + r * np.cos(angles), 420 + r * np.sin(angles)], 1) for r in (320 + margin, 288 - margin)]
    return np.concatenate([rings[0], rings[1][::-1]]).astype(np.float32)


def test_characters_of_a_line(reader_of):
    image, line, boxes = draw(["abc"])
    reader, _ = reader_of([line], level="character")
    page = reader(image)
    assert [each.text for each in page.parts] == ["a", "b", "c"] and page.text == "abc"
    for number, each in enumerate(page.parts):
        truth = boxes[0].copy()
        truth[:, 0] = boxes[0][0, 0] + np.array([0, 20, 20, 0]) + 26 * number
        assert polygon_iou(each.polygon, truth) > 0.55


def test_a_narrow_line_beside_a_wide_one_is_not_stretched(reader_of):
    """Both are padded to one width and share a batch; the words of the narrow line stay where they are."""
    wide, narrow = draw(["abcabcabcabc", "abcabca"], top=20), draw(["ab", "c"], top=120)
    reader, runner = reader_of([wide[1], narrow[1]], level="word")
    reader.recogniser.use_widths((1280,), batch_size=2)
    page = reader(np.maximum(wide[0], narrow[0]))
    assert runner.widths == [1280] and page.lines[1].text == "abc"
    for word, truth in zip(page.lines[1].parts, narrow[2], strict=True):
        assert polygon_iou(word.polygon, truth) > 0.6


def test_levels_do_not_change_the_lines(reader_of):
    image, line, _ = draw(["ab", "c"])
    pages = [reader_of([line], level=level)[0](image) for level in ("line", "word", "character")]
    assert [len(page.parts) for page in pages] == [1, 2, 3]
    stored = [page.to_json()["lines"][0] for page in pages]
    assert [sorted(set(each) - set(stored[0])) for each in stored] == [[], ["words"], ["characters"]]
    assert len({(each["transcription"], each["confidence"], str(each["points"])) for each in stored}) == 1


def test_a_crop_of_one_pixel(reader_of):
    reader, _ = reader_of([np.zeros((4, 2), np.float32), box(5, 5, 6, 6)], level="word")
    page = reader(np.zeros((30, 30, 3), np.uint8))
    assert (len(page), page.left_out) == (0, 2)


@pytest.mark.slow
def test_a_page_of_2000_words_needs_no_more_memory_than_one_of_20(reader_of):
    """Crops are cut out and prepared batch by batch; what stays of each is its text and its polygon."""
    image = np.zeros((2000, 1600, 3), np.uint8)
    polys = []
    for row in range(100):
        for column in range(20):
            left, top = 80 * column, 20 * row
            image[top + 3 : top + 17, left + 3 : left + 60] = COLOURS["abc"[(row + column) % 3]]
            polys.append(box(left, top, left + 64, top + 19))
    peaks = []
    for found in (polys[:20], polys):
        reader, runner = reader_of(found, level="word")
        tracemalloc.start()
        page = reader(image)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(page) == len(found) and len(runner.widths) == -(-len(found) // 6)
    assert peaks[1] - peaks[0] < 2000 * 5000  # 5 kB for each line; its prepared crop alone has 184 kB
