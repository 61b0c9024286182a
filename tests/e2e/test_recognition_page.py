"""The report of recognition in a real browser: cards, filters, order, both themes, and an empty console."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import browser

from mindocr.metrics.rec_metric import RecMetric
from mindocr.predictions.text import Text
from mindocr.report.recognition import RecognitionReport

WORDS = ["Exit", "way out", "Market 5", "HOTEL", "No.1", "parking", "出口", "Café"]
READ = ["EXIT", "wayout", "Market S", "H0TEL", "No1", "park", "", "Cafe"]
TEXTS = 130


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recognition")
    image = folder / "photo.png"
    pixels = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (90, 300, 3), dtype=np.uint8), (0, 0), 3)
    for row, word in enumerate(("EXIT", "HOTEL")):
        cv2.putText(pixels, word, (12, 36 + 40 * row), cv2.FONT_HERSHEY_DUPLEX, 1, (255, 255, 255), 2, cv2.LINE_AA)
    assert cv2.imwrite(str(image), pixels)
    collected = RecognitionReport(metric=RecMetric(characters="abcdefghiklmnoprstuwyxCEHMNTX0159.é"))
    for i in range(TEXTS):
        truth, found = WORDS[i % 8], READ[i % 8] if i % 3 else WORDS[i % 8]
        box = np.array([[10, 10], [130, 10], [130, 42], [10, 42]]) + (0, 40 * (i % 2))
        prediction = Text(found, 0.5 + (i % 50) / 100)
        (result,) = collected._metric.judge([prediction], [[truth]])
        collected.add(str(image), {}, prediction, {"text": truth, "polygon": box}, result)
    return collected.write(
        folder / "out", {"weights": "best.ckpt (hash 0123456789ab)", "data set": "WordsOfDetDataset"}
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def cards(page) -> list[str]:
    return page.run("[...document.querySelectorAll('#words li')].map((card) => card.textContent)")


def click(page, selector) -> None:
    page.run(f"document.querySelector({json.dumps(selector)}).click()")


@pytest.mark.parametrize("window", [(1400, 900), (390, 844)], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_opens_without_a_word_on_the_console(page, report, window, dark, tmp_path):
    page.resize(*window, dark=dark)
    page.open(report)
    assert page.problems == [] and page.requests == [report.as_uri()]
    assert page.run("document.documentElement.scrollWidth") <= window[0], "the page does not scroll sideways"
    assert len(cards(page)) == (48 if window[0] > 600 else 12)
    page.run("Promise.all([...document.querySelectorAll('#words img')].map((image) => image.decode()))")
    small = page.run(
        "[...document.querySelectorAll('button, select')].filter((b) => b.offsetParent && b.offsetHeight < 30).length"
    )
    assert small == 0
    page.screenshot(Path(os.environ.get("MINDOCR_SCREENSHOTS", tmp_path)) / f"rec_{window[0]}_{dark}.png", whole=True)


def test_filters_and_order(page, report):
    page.resize(1400, 900)
    page.open(report)
    wrong = page.run("JSON.parse(document.getElementById('data').textContent)")
    assert page.run("document.getElementById('shown').textContent") == f"48 of {len(wrong)}"
    click(page, "#more")
    assert len(cards(page)) == len(wrong)
    click(page, 'button[data-tag="nothing read"]')
    assert cards(page) and all("出口" in card and "nothing" in card for card in cards(page))
    click(page, 'button[data-true="O"][data-read="0"]')
    assert cards(page) and all("HOTEL" in card and "H0TEL" in card for card in cards(page))
    click(page, "#clear")
    assert len(cards(page)) == 48
    page.run("document.getElementById('search').value = 'wayout'; 0")
    page.run("document.getElementById('search').dispatchEvent(new Event('input'))")
    assert cards(page) and all("way␣out" in card for card in cards(page))
    click(page, "#wrong-only")
    assert cards(page) == [], "by acc, spaces do not count"
    page.run("document.getElementById('search').value = ''; 0")
    page.run("document.getElementById('order').value = 'sure'; 0")
    page.run("document.getElementById('order').dispatchEvent(new Event('change'))")
    sure = [float(card.split("confidence ")[1][:4]) for card in cards(page)]
    assert sure == sorted(sure, reverse=True) and page.problems == []
