"""The content of the recognition report, and who may ask for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from words import report_of

from mindocr.errors import ConfigError, UserError
from mindocr.metrics.det_metric import DetMetric
from mindocr.predictions.text import Text
from mindocr.registry import REPORTS
from mindocr.report.page import PAGE_BYTES
from mindocr.report.recognition.crops import cut
from mindocr.report.setup import Setup

BOX = np.array([[10, 10], [110, 10], [110, 40], [10, 40]])
PAIRS = [("Exit", "EXIT"), ("way out", "wayout"), ("N05", "NO5"), ("<b>&", "<b>"), ("ok", "ok"), ("long text", "")]


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "photos" / "photo.png"
    path.parent.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (60, 160, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), pixels)
    return path


def records(page: Path) -> list[dict]:
    text = page.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


def test_wrong_texts_with_pictures_worst_first(image, tmp_path):
    page = report_of(PAIRS, image, BOX).write(tmp_path / "out", {"weights": "best.ckpt"})
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "out/report.html" and len(text) < PAGE_BYTES
    words = records(page)
    assert [word["truth"] for word in words] == ["long text", "N05", "<b>&", "way out", "Exit"]
    assert all(word["picture"] for word in words) and text.count("data:image/jpeg") == 5
    assert words[1]["steps"] == [["N"], ["0", "O"], ["5"]] and words[3]["steps"][1] == [" ", ""]
    assert [word["right"] for word in words] == [False, False, False, True, True]
    assert words[0]["image"] == "photo.png" and "<b>&" not in text
    for shown in ("best.ckpt", "0 read as O", "i read as I", "spaces lost", "acc by number of characters", "case only"):
        assert shown in text, shown
    assert not re.search(r"(src|href)=\"(?!data:)", text), "nothing from elsewhere"


def test_a_limit_of_pictures_and_broken_images(image, tmp_path):
    page = report_of(PAIRS, image, BOX).write(tmp_path / "out", {}, limit=2)
    assert [word["picture"] for word in records(page)] == [True, True, False, False, False]
    assert "2 of 5 wrong texts are shown with pictures, worst first." in page.read_text(encoding="utf-8")
    gone = report_of(PAIRS, tmp_path / "gone.png", BOX).write(tmp_path / "other", {})
    assert "1 images could not be read, such as " in gone.read_text(encoding="utf-8")
    with pytest.raises(UserError, match="--report_images: expected 0 or more, got -1"):
        report_of(PAIRS).write(tmp_path / "none", {}, limit=-1)


def test_crops_stop_at_the_budget_and_fit_the_line(image):
    words = report_of(PAIRS, image, BOX).words
    whole = cut(words, [0, 1, 2])
    assert list(whole.pictures) == [0, 1, 2] and whole.unreadable == []
    assert list(cut(words, [0, 1, 2], budget=len(whole.pictures[0]) * 2).pictures) == [0, 1]


def test_perfect_results_and_no_results(tmp_path):
    perfect = report_of([("a", "a"), ("b", "b")]).write(tmp_path / "a", {}).read_text(encoding="utf-8")
    assert "Nothing: every text was read exactly." in perfect and "Confusion of characters" not in perfect
    assert "Texts with spaces" not in perfect
    assert report_of([]).write(tmp_path / "b", {}).is_file()


def test_characters_outside_the_dictionary_are_named(tmp_path):
    page = report_of([("café", "caf"), ("naïve", "nave")], characters="acefnv").write(tmp_path, {})
    assert "2 texts have characters that the dictionary lacks: é (1), ï (1)." in page.read_text(encoding="utf-8")


def test_the_command_is_stated(tmp_path):
    report = report_of([("a", "b")])
    report._setup = Setup(config="recipe.yaml", overrides=("a.b=1",))
    assert "mindocr eval -c recipe.yaml -o a.b=1" in report.write(tmp_path, {}).read_text(encoding="utf-8")


def test_the_report_of_texts_needs_their_metric():
    assert Text.report == "RecognitionReport" and Text.report in REPORTS.names()
    with pytest.raises(ConfigError, match="--report: needs metric.name RecMetric; got DetMetric"):
        REPORTS.build({"name": "RecognitionReport"}, postprocess=None, metric=DetMetric())


def test_many_wrong_texts_fit_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("mindocr.report.recognition.page.LISTED", 3)
    page = report_of([("abc", "abd")] * 5, tmp_path / "gone.png").write(tmp_path / "out", {})
    assert len(records(page)) == 3
    text = page.read_text(encoding="utf-8")
    assert "3 of 5 wrong texts are listed, worst first." in text and "c read as d" in text
