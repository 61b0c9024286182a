"""Tall words whose polygons begin at the top left of the image, whichever way the text runs."""

from __future__ import annotations

import json
import logging

import cv2
import numpy as np
import pytest
from released import released

from mindocr.engine.finetune.directions import with_directions
from mindocr.engine.finetune.split import read_labelled
from mindocr.images.crops import cut_line
from mindocr.inference.recogniser import TextRecogniser
from mindocr.predictions.text import Text
from mindocr.reading.onnx_weights import prepare_onnx

TALL, WIDE = [[10, 10], [30, 10], [30, 70], [10, 70]], [[40, 10], [90, 10], [90, 30], [40, 30]]


class Recogniser:
    """Reads "left" where the left end of a crop is brighter than the right one, else "tfel"."""

    def __init__(self):
        self.read_crops = 0

    def read(self, crops):
        self.read_crops += len(crops)
        return [Text("left" if crop[:, :20].mean() > crop[:, -20:].mean() else "tfel", 0.9) for crop in crops]


@pytest.fixture
def labelled(tmp_path):
    """Three images of a tall word, bright at its top or at its bottom, beside a wide word; as in a label file."""
    (tmp_path / "images").mkdir()
    lines = []
    for name, bright, text in (
        ("down", slice(10, 40), "Left"),
        ("up", slice(40, 70), "Left"),
        ("far", slice(40, 70), "xyz"),
    ):
        image = np.zeros((80, 100, 3), np.uint8)
        image[bright, 10:30] = 255
        assert cv2.imwrite(str(tmp_path / f"images/{name}.png"), image)
        words = [(text, TALL), ("wide", WIDE), ("###", TALL)]
        lines.append(f"{name}.png\t{json.dumps([{'transcription': t, 'points': p} for t, p in words])}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return read_labelled([str(tmp_path / "images")], [str(tmp_path / "gt.txt")], "rec", "--labels")


def test_words_that_run_up_begin_at_the_bottom(labelled, tmp_path, caplog):
    recogniser = Recogniser()
    with caplog.at_level(logging.INFO):
        found = with_directions(labelled, lambda: recogniser, tmp_path / "labels", "training_{}.txt")
    assert recogniser.read_crops == 6  # three tall words in two directions
    (file,) = found.files
    assert file == tmp_path / "labels/training_0.txt" and found.texts == labelled.texts
    words = {
        line.split("\t")[0]: [word["points"] for word in json.loads(line.split("\t")[1])]
        for line in file.read_text(encoding="utf-8").splitlines()
    }
    rolled = [[10, 70], [10, 10], [30, 10], [30, 70]]
    assert words == {"down.png": [TALL, WIDE, TALL], "up.png": [rolled, WIDE, TALL], "far.png": [TALL, WIDE, TALL]}
    assert (
        "3 words are at least 1.5 times as high as wide; the untouched network reads 1 of them upwards" in caplog.text
    )
    image = cv2.imread(str(tmp_path / "images/up.png"))
    assert Recogniser().read([cut_line(image, np.array(rolled, np.float32))])[0].text == "left"


def test_nothing_is_opened_or_written_without_a_reason(labelled, tmp_path):
    """Without tall words no network is opened; words that run down stay; an image that is missing is left alone."""
    (tmp_path / "images/up.png").unlink()
    found = with_directions(labelled, Recogniser, tmp_path / "labels", "training_{}.txt")
    assert found.files == labelled.files and not (tmp_path / "labels").exists()
    lines = [{"transcription": "wide", "points": WIDE}]
    (tmp_path / "gt.txt").write_text(f"down.png\t{json.dumps(lines)}\n", encoding="utf-8")
    assert with_directions(labelled, pytest.fail, tmp_path, "{}").files == labelled.files
    (tmp_path / "single.txt").write_text("down.png\tLeft\n", encoding="utf-8")
    single = read_labelled([str(tmp_path / "images")], [str(tmp_path / "single.txt")], "rec", "--labels")
    assert with_directions(single, pytest.fail, tmp_path, "{}") is single


@pytest.mark.slow
def test_words_of_photographs_with_ppocrv3(shared_dir, tmp_path):
    """Signs on six photographs of ICDAR 2015, most of which run upwards; once turned, they are tall no more."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    data = shared_dir / "data/icdar2015/test"
    lines = []
    for name in ("img_153", "img_160", "img_161", "img_20", "img_21", "img_97"):
        words = []
        for line in (data / f"gts/gt_{name}.txt").read_text(encoding="utf-8-sig").splitlines():
            *numbers, text = line.split(",", 8)
            words.append({"transcription": text, "points": np.reshape([*map(int, numbers)], (4, 2)).tolist()})
        lines.append(f"{name}.jpg\t{json.dumps(words)}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    recogniser = TextRecogniser(prepare_onnx(released("ch_PP-OCRv3_rec_infer.onnx"), tmp_path / "rec.onnx"))
    labelled = read_labelled([str(data / "images")], [str(tmp_path / "gt.txt")], "rec", "--labels")
    found = with_directions(labelled, lambda: recogniser, tmp_path, "first_{}.txt")
    assert found.files == [tmp_path / "first_0.txt"]
    before, after = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("gt.txt", "first_0.txt"))
    changed = [
        new["transcription"]
        for old_line, new_line in zip(before, after)
        for old, new in zip(json.loads(old_line.split("\t")[1]), json.loads(new_line.split("\t")[1]))
        if old != new
    ]
    assert {"BELIEVE", "GEOX", "BEYOND", "UNSEEN"} <= set(changed)
    assert with_directions(found, lambda: recogniser, tmp_path, "second_{}.txt").files == found.files
