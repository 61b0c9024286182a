"""Ground truth and results with texts, for end-to-end scores; results without texts are refused with a sentence."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from mindocr.errors import DataError
from mindocr.formats.benchmarks import read_outlines

QUAD = "10,20,110,20,110,60,10,60"
CORNERS = [[10, 20], [110, 20], [110, 60], [10, 60]]


def submission(tmp_path: Path, *lines: str, packed: bool = False, name: str = "res_img_1.txt") -> Path:
    """Text files of two images: these lines, and none."""
    files = {name: "\n".join(lines), name.replace("1", "2"): ""}
    place = tmp_path / ("submit.zip" if packed else "submit")
    if packed:
        with zipfile.ZipFile(place, "w") as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        return place
    place.mkdir()
    for file, content in files.items():
        (place / file).write_text(content, encoding="utf-8")
    return place


def listed(tmp_path: Path, line: str) -> Path:
    file = tmp_path / "results.txt"
    file.write_text(line + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        ([f"{QUAD},EXIT"], ["EXIT"]),
        ([f"{QUAD},1,000", f"{QUAD},a,b"], ["1,000", "a,b"]),
        ([f"{QUAD},5,6,7"], ["5,6,7"]),
        ([f'{QUAD},"say ""hi"""'], ['say ""hi""']),
        ([f'{QUAD}, "a\\"b" '], ['a"b']),
        ([f"{QUAD}, word "], [" word "]),
        ([f"{QUAD},0.98,EXIT", f"{QUAD},0.5,a,b"], ["EXIT", "a,b"]),
        ([f"{QUAD},0.98,EXIT", f"{QUAD},EXIT"], ["0.98,EXIT", "EXIT"]),
        ([f"{QUAD},1", f"{QUAD},0.5"], ["1", "0.5"]),
        ([f"{QUAD},", f"{QUAD},a"], ["", "a"]),
    ],
)
def test_text_files(tmp_path, packed, lines, texts):
    outlines = read_outlines(submission(tmp_path, *lines, packed=packed), "det", "icdar2015", with_texts=True)
    assert outlines["img_1"].texts == texts
    assert outlines["img_1"].polys[0].tolist() == CORNERS
    assert (outlines["img_2"].polys, outlines["img_2"].texts) == ([], [])


def test_confidences_of_a_submission_become_scores(tmp_path):
    place = submission(tmp_path, f"{QUAD},0.98,EXIT", f"{QUAD},0.5,a")
    assert read_outlines(place, "det", "icdar2015", with_texts=True)["img_1"].scores == [0.98, 0.5]


def test_boxes_and_truth(tmp_path):
    boxes = submission(tmp_path, '10,20,110,60,"EXIT"', "10,20,110,60,WAY OUT")
    assert read_outlines(boxes, "det", "icdar2013", with_texts=True)["img_1"].texts == ["EXIT", "WAY OUT"]
    truth = submission(tmp_path, f"{QUAD},1,000", f"{QUAD},###", packed=True, name="gt_img_1.txt")
    outlines = read_outlines(truth, "gt", "icdar2015", with_texts=True)["img_1"]
    assert (outlines.texts, outlines.ignore) == (["1,000", "###"], [False, True])


@pytest.mark.parametrize(
    ("role", "line"),
    [
        ("det", "img_1.jpg\t" + json.dumps([{"transcription": "EXIT", "points": CORNERS}])),
        ("det", json.dumps({"image": "img_1", "polygons": [CORNERS], "texts": ["EXIT"]})),
        ("det", json.dumps({"image": "a/img_1.jpg", "size": [9, 9], "lines": [
            {"transcription": "EXIT", "points": CORNERS, "confidence": 0.9, "score": 0.8}]})),
        ("gt", json.dumps({"image": "img_1", "polygons": [CORNERS], "texts": ["EXIT"], "ignore": [False]})),
        ("gt", "img_1.jpg\t" + json.dumps([{"transcription": "EXIT", "points": CORNERS}])),
    ],
)  # fmt: skip
def test_label_files_and_json_lines(tmp_path, role, line):
    ((_, outlines),) = read_outlines(listed(tmp_path, line), role, "icdar2015", with_texts=True).items()
    assert (outlines.texts, outlines.polys[0].tolist()) == (["EXIT"], CORNERS)
    ((_, without),) = read_outlines(listed(tmp_path, line), role, "icdar2015").items()
    assert without.texts is None and without.polys[0].tolist() == CORNERS


def test_words_of_mindocr_read_replace_their_lines(tmp_path):
    words = [{"transcription": text, "points": CORNERS, "confidence": 0.9} for text in ("WAY", "OUT")]
    lines = [{"transcription": "WAY OUT", "points": CORNERS, "words": words},
             {"transcription": "EXIT", "points": CORNERS}]  # fmt: skip
    file = listed(tmp_path, json.dumps({"image": "a.jpg", "lines": lines}))
    assert read_outlines(file, "det", "icdar2015", with_texts=True)["a"].texts == ["WAY", "OUT", "EXIT"]


def test_results_of_mindocr_read_have_scores(tmp_path):
    line = {"image": "a.jpg", "lines": [{"transcription": "a", "points": CORNERS, "score": 0.8}]}
    assert read_outlines(listed(tmp_path, json.dumps(line)), "det", "icdar2015")["a"].scores == [0.8]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (json.dumps({"image": "a", "polygons": [CORNERS]}), "results.txt:1: no 'texts', a text for each of 'polygons'"),
        (json.dumps({"image": "a", "polygons": [CORNERS], "texts": []}), "1 polygons but 0 entries in 'texts'"),
        (json.dumps({"image": "a", "polygons": [CORNERS], "texts": [1]}), "'texts': expected str, got int: 1"),
        (json.dumps({"image": "a", "lines": [{"points": CORNERS}]}), "'lines': no 'transcription' among its keys"),
        ("a.jpg\t" + json.dumps([{"transcription": "", "points": CORNERS}]), "every text in it is empty. Score detec"),
    ],
)
def test_files_without_texts(tmp_path, line, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read_outlines(listed(tmp_path, line), "det", "icdar2015", with_texts=True)


@pytest.mark.parametrize(
    ("file_format", "line", "message"),
    [
        ("icdar2015", QUAD, "res_img_1.txt:1: no text after the coordinates; expected x1,y1,...,x4,y4,text"),
        ("icdar2015", "10,20,110,60,EXIT", "expected x1,y1,...,x4,y4,text, got '10,20,110,60,EXIT'"),
        ("icdar2013", "9,0,5,5,EXIT", "a box needs xmin <= xmax"),
        ("td500", "10,20,110,60,0", "text files of td500 are read without texts; the protocol needs files of"),
    ],
)
def test_text_files_without_texts(tmp_path, file_format, line, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read_outlines(submission(tmp_path, line), "det", file_format, with_texts=True)
