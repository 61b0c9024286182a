"""The pages of comparisons in a real browser: both sides on the same part of the image, sorting, a phone; texts."""

import json

import cv2
import numpy as np
import pytest
from browser import browser

from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.rec_metric import RecMetric
from mindocr.report.compare import Evaluated, compare
from mindocr.report.compare_page import write_comparison
from mindocr.report.judged_image import JudgedImage
from mindocr.report.recognition.compare import ReadTexts, compare_texts
from mindocr.report.recognition.compare_page import write_text_comparison
from mindocr.report.recognition.word import Word


def word(x, y):
    return np.array([[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20]], dtype=np.float64)


def evaluated(name, found, picture, settings):
    """Three images of two texts, with these detections."""
    metric, truth = DetMetric(), [word(100, 100), word(400, 300)]
    cases = [
        JudgedImage(f"img_{i}.jpg", (480, 640), truth, np.zeros(2, bool), polys,
                    metric.update(polys, truth, np.zeros(2, bool)), picture=picture)
        for i, polys in enumerate(found)
    ]  # fmt: skip
    return Evaluated(name, "icdar2015", metric.protocol, cases, settings)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    picture = folder / "a.png"
    assert cv2.imwrite(str(picture), np.full((480, 640, 3), 90, np.uint8))
    one, two = word(100, 100), word(400, 300)
    first = evaluated("one", [[one], [one, two], [one]], picture, {"postprocess": {"box_thresh": 0.6}})
    second = evaluated("two", [[one, two], [one], [one]], picture, {"postprocess": {"box_thresh": "<b>"}})
    return write_comparison(folder, compare(first, second))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => node.textContent)")


@pytest.mark.parametrize("width", [1366, 390])
def test_it_opens_and_fits(page, page_file, width):
    page.resize(width, 844, dark=width == 390)
    page.open(page_file)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert texts(page, "#images tbody td:last-child") == ["−0.333", "+0.000", "+0.333"]
    assert texts(page, ".settings td") == ["postprocess.box_thresh", "0.6", "<b>"]
    boxes = page.run(
        "[...document.querySelectorAll('.view')].map((view) => view.getBoundingClientRect()).map((b) => [b.x, b.y])"
    )
    assert (boxes[0][1] == boxes[1][1]) == (width > 600), "side by side, or one below the other"
    assert page.problems == [] and page.requests == [page_file.as_uri()]


def test_a_change_is_shown_on_both_sides(page, page_file):
    page.resize(1366, 900)
    page.open(page_file)
    assert texts(page, "#title") == ["img_1.jpg: f-score −0.333"]
    assert texts(page, "#caption-0") == ["first: f-score 1.000, 0 missed, 0 false positives"]
    assert texts(page, "#findings button") == ["text 1: matched in the first, missed in the second"]
    assert [
        page.run(f"document.querySelectorAll('.view')[{side}].querySelectorAll('.lost').length") for side in (0, 1)
    ] == [1, 1]
    page.run("document.querySelector('#findings button').click()")
    views = page.run("[...document.querySelectorAll('.view')].map((view) => view.getAttribute('viewBox'))")
    assert (
        views[0] == views[1] != "0.00 0.00 640.00 480.00"
        and page.run("document.querySelectorAll('.marked').length") == 2
    )
    page.run("document.querySelector('#whole').click(); document.querySelector('#after').click()")
    assert texts(page, "#title") == ["img_2.jpg: f-score +0.000"] and texts(page, "#findings button") == []
    page.run("document.querySelector('#which').value = 'better'")
    page.run("document.querySelector('#which').dispatchEvent(new Event('change'))")
    assert texts(page, "#images tbody td:first-child") == ["img_0.jpg"] and texts(page, "#shown") == ["1 of 3"]
    assert page.run("document.querySelector('.view image').getAttribute('href')").startswith("data:image/jpeg")
    assert page.problems == []


@pytest.fixture(scope="module")
def texts_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare_texts")
    picture = folder / "a.png"
    assert cv2.imwrite(str(picture), np.full((480, 640, 3), 90, np.uint8))
    sides = [
        ReadTexts(name, [
            Word(str(picture), word(100, 100 * i), truth, text, 0.9, RecMetric().compare(text, truth))
            for i, (truth, text) in enumerate(zip(("Exit", "way out", "Hotel", "5"), read), 1)
        ])
        for name, read in (("one", ["EX1T", "way out", "Hotel", "5"]), ("two", ["Exit", "", "HOTEL", "5"]))
    ]  # fmt: skip
    return write_text_comparison(folder, compare_texts(*sides))


@pytest.mark.parametrize("width", [1366, 390])
def test_texts_that_changed_with_their_crops(page, texts_file, width):
    page.resize(width, 844, dark=width == 390)
    page.open(texts_file)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert texts(page, "h2") == ["Right only in the second: 1", "Right only in the first: 1", "Otherwise changed: 1"]
    assert texts(page, ".words dd") == [
        "Exit",
        "EX1T",
        "Exit",
        "way out",
        "way out",
        "nothing",
        "Hotel",
        "Hotel",
        "HOTEL",
    ]
    assert texts(page, ".words ins") == ["X", "1", "T", "O", "T", "E", "L"]
    page.run("Promise.all([...document.querySelectorAll('.words img')].map((image) => image.decode()))")
    assert page.run("document.querySelectorAll('.words img').length") == 3
    table = page.run("document.querySelector('.numbers').getBoundingClientRect().right")
    assert table <= width, "the differences are in sight"
    assert page.problems == [] and page.requests == [texts_file.as_uri()]
