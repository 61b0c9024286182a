"""Reading with released weights, on a picture that the test draws and on real words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from released import released

from mindocr.reading.reader import TextReader
from mindocr.reading.weights import RELEASED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A cache folder that holds the released files."""
    folder = tmp_path_factory.mktemp("home")
    for name, tasks in RELEASED.items():
        place = folder / "weights" / name
        place.mkdir(parents=True)
        for file in [name for each in tasks.values() for name in (each.file, *each.beside)]:
            (place / file).write_bytes(released(file).read_bytes())
    keys = "ppocr_keys_v1.txt"  # PP-OCRv2's recogniser holds no dictionary
    (folder / "weights/ppocr-v2" / keys).write_bytes(released(keys).read_bytes())
    return folder


@pytest.mark.parametrize("weights", [name for name, tasks in RELEASED.items() if "det" in tasks])
def test_the_command_reads_a_picture(home, sign, repo_root, tmp_path, weights):
    command = [sys.executable, "-m", "mindocr", "read", str(sign), "--output", str(tmp_path / "out")]
    command += ["--weights", weights]
    environment = {**os.environ, "MINDOCR_HOME": str(home), "PYTHONPATH": str(repo_root)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    read = done.stdout if weights != "ppocr-v2" else done.stdout.replace("OPEn", "open").replace("HOURS", "hours")
    assert read.split() == ["MARKET", "open", "24", "hours"]
    page = json.loads((tmp_path / "out" / "read_results.jsonl").read_text(encoding="utf-8"))
    lowest = min(line["confidence"] for line in page["lines"])
    assert lowest > (0.6 if weights == "ppocr-v2" else 0.8), lowest


def test_a_picture_upside_down_is_read_with_the_classifier_alone(home, sign, monkeypatch):
    monkeypatch.setenv("MINDOCR_HOME", str(home))
    turned = np.ascontiguousarray(cv2.imread(str(sign))[::-1, ::-1])
    reader = TextReader("ppocr-v3", classifier="ppocr-cls")
    # Words of a row stay in the order of the photograph, from left to right
    assert sorted(reader(turned).text.split()) == ["24", "MARKET", "hours", "open"]
    reader.classifier = None
    assert not {"MARKET", "hours"} & set(reader(turned).text.split())


def test_words_of_a_slanted_line_are_where_they_are_drawn(home, monkeypatch):
    """Three words on one line, turned by 6 degrees; their boxes are known."""
    from mindocr.geometry import polygon_iou
    from mindocr.reading.reader import TextReader

    monkeypatch.setenv("MINDOCR_HOME", str(home))
    image, boxes, x = np.full((420, 760, 3), 255, np.uint8), [], 60
    for word in ("OPEN", "every", "SUNDAY"):
        (w, h), below = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        cv2.putText(image, word, (x, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (40, 20, 20), 2, cv2.LINE_AA)
        top, bottom = 220 - h, 220 + (below if word == "every" else 0)
        boxes.append(np.array([[x, top], [x + w, top], [x + w, bottom], [x, bottom]], np.float32))
        x += w + 12
    matrix = cv2.getRotationMatrix2D((380, 210), 6, 1)
    image = cv2.warpAffine(image, matrix, (760, 420), borderValue=(255, 255, 255))
    page = TextReader("ppocr-v3", level="word")(image)
    assert page.text == "OPEN every SUNDAY" and len(page) == 1
    for word, box in zip(page.parts, boxes, strict=True):
        assert polygon_iou(word.polygon, box @ matrix[:, :2].T + matrix[:, 2]) > 0.5
        assert word.confidence > 0.8


def test_python_of_the_page_runs(home, sign, repo_root, tmp_path):
    page = (repo_root / "docs/read_text.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    (tmp_path / "photo.jpg").write_bytes(sign.read_bytes())
    environment = {**os.environ, "MINDOCR_HOME": str(home), "PYTHONPATH": str(repo_root)}
    command = [sys.executable, "-c", snippet]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("MARKET\n") and done.stdout.count("[[") >= 2


def test_words_of_icdar2015_with_ppocrv6(home, shared_dir, monkeypatch):
    """Of all 862 words 83.2 % are read right (letters and digits, no case); here those of 15 files."""
    from mindocr.images.crops import cut_line
    from mindocr.images.read import read_image
    from mindocr.inference.recogniser import TextRecogniser
    from mindocr.reading.weights import find_weights

    monkeypatch.setenv("MINDOCR_HOME", str(home))
    recogniser = TextRecogniser(find_weights("ppocr-v6-small", "rec"))
    crops, words = [], []
    for file in sorted((shared_dir / "data/icdar2015/test/gts").glob("*.txt"))[:15]:
        image = None
        for line in file.read_text(encoding="utf-8-sig").splitlines():
            *numbers, word = line.split(",", 8)
            if word == "###":
                continue
            name = file.stem.removeprefix("gt_") + ".jpg"
            image = read_image(shared_dir / "data/icdar2015/test/images" / name) if image is None else image
            crops.append(cut_line(image, np.array(numbers, np.float32).reshape(4, 2)))
            words.append(word)
    plain = [re.sub("[^0-9a-z]", "", text.lower()) for text in words]
    read = [re.sub("[^0-9a-z]", "", text.text.lower()) for text in recogniser.read(crops)]
    assert len(words) > 45
    assert 0.7 < np.mean([a == b for a, b in zip(plain, read)]) < 0.97


def test_words_of_icdar2015(home, shared_dir, repo_root, tmp_path):
    """``mindocr eval`` counts 611 of all 862 words as right (letters and digits, no case); here those of 30 images."""
    labels = shared_dir / "data/icdar2015/test"
    environment = {**os.environ, "MINDOCR_HOME": str(home), "PYTHONPATH": str(repo_root)}
    weights = tmp_path / "rec.ckpt"

    def mindocr(*words):
        command = [sys.executable, "-m", "mindocr", *map(str, words)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=400)
        assert done.returncode == 0, done.stderr
        return done.stderr

    mindocr("convert", "--dataset_name", "ic15", "--task", "det", "--image_dir", labels / "images",
            "--label_dir", labels / "gts", "--output_path", tmp_path / "all.txt")  # fmt: skip
    lines = (tmp_path / "all.txt").read_text(encoding="utf-8").splitlines()[:30]
    (tmp_path / "gt.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    mindocr("convert-weights", "--from", "onnx", "--output", weights,
            "--input", home / "weights/ppocr-v3/ch_PP-OCRv3_rec_infer.onnx")  # fmt: skip
    data = f"dataset_root: '', data_dir: {labels}/images, label_file: {tmp_path}/gt.txt"
    overrides = [f"eval.dataset={{type: WordsOfDetDataset, {data}}}", f"train.ckpt_save_dir={tmp_path}/run"]
    log = mindocr("eval", "-c", "ppocrv3_rec_mobile", "-o", f"eval.ckpt_load_path={weights}", *overrides)
    scores = json.loads((tmp_path / "run/eval/scores.json").read_text(encoding="utf-8"))
    assert scores["counts"]["images"] > 100
    assert 0.6 < scores["alphanumeric"] < 0.85 and scores["exact"] <= scores["case_insensitive"]
    assert scores["norm_edit_distance"] > 0.8
    assert scores["counts"]["characters_outside_dictionary"] == {}
    assert "others are ignored or empty, and left out" in log
    small = ["model.head.out_channels=6624", f"eval.ckpt_load_path={weights}"]
    command = [sys.executable, "-m", "mindocr", "eval", "-c", "ppocrv3_rec_mobile", "-o", *small]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=400)
    assert done.returncode == 2
    assert "model.head.out_channels: 6624 classes, but the dictionary in " in done.stderr
    assert "Traceback" not in done.stderr
