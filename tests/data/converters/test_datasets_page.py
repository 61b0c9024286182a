"""The page on data sets: every command is run on the tree above it, filled with a small sample."""

import re
import runpy
import shlex
import sys

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from mindocr.data import converters
from mindocr.data.annotation import parse_label_line, read_lines
from mindocr.data.synthtext import read_synthtext

QUAD = "10,20,110,20,110,60,10,60"
POINTS = "[[10, 20], [110, 20], [110, 60], [10, 60]]"
SHAPE = "10,60,30,55,50,52,70,50,90,52,110,55,130,60,130,40,110,35,90,32,70,30,50,32,30,35,10,40"
PLATE = "030-90_88-100&200_300&260-300&260_102&258_100&200_298&202-12_0_3_24_25_33_10-80-20"
NAMED = f'[{{"transcription": "a", "points": {POINTS}, "illegibility": false}}]'
TABLES = (
    '{"imgs": {"1": {"file_name": "%s", "set": "train"}}, "imgToAnns": {"1": ["2"]}, "anns": {"2": '
    '{"%s": [10, 20, 110, 20, 110, 60, 10, 60], "legibility": "legible", "utf8_string": "a"}}}'
)
# What the annotation files of each data set hold here.
LABELS = {
    "ic15": f"{QUAD},a",
    "icdar2013": '10, 20, 110, 60, "a"',
    "borndigital": '10, 20, 110, 60, "a"',
    "mlt2017": f"{QUAD},Latin,a",
    "mlt2019": f"{QUAD},Latin,a",
    "sroie": f"{QUAD},a",
    "ic19_art": f'{{"gt_0": {NAMED}}}',
    "lsvt": f'{{"gt_0": {NAMED}, "gt_15000": {NAMED}}}',
    "rects": f'{{"lines": [{{"points": [{QUAD}], "transcription": "a", "ignore": 0}}]}}',
    "td500": "0 0 10 20 100 40 0",
    "hust_tr400": "0 0 10 20 100 40 0",
    "ctw1500": f"{SHAPE},####a",
    "totaltext": "x: [[10 110 110 10]], y: [[20 20 60 60]], ornt: [u'h'], transcriptions: [u'a']",
    "casia10k": f"{QUAD},a",
    "mtwi2018": f"{QUAD},a",
    "rctw17": f'{QUAD},0,"a"',
    "ccpd": f"ccpd_base/{PLATE}.jpg",
    "scut_foru": '10,20,100,40,"a"',
    "svt": "<tagset><image><imageName>img/00_00.jpg</imageName><taggedRectangles><taggedRectangle x='10' y='20' "
           "width='100' height='40'><tag>a</tag></taggedRectangle></taggedRectangles></image></tagset>",
    "cocotext": TABLES % ("COCO_train2014_000000000036.jpg", "mask"),
    "textocr": TABLES % ("train/a4ea732cd3d5948a.jpg", "points"),
    "ctw": f'{{"file_name": "0000172.jpg", "annotations": [[{{"polygon": {POINTS}, "text": "a"}}]], "ignore": []}}',
    "synthtext": None,
    "syntext150k": '{"images": [], "annotations": [{"image_id": 0, "bbox": [10, 20, 100, 40], "rec": [65]}]}',
}  # fmt: skip
TRAIN_CTW1500 = f"<Annotations><image><box><label>a</label><segs>{SHAPE}</segs></box></image></Annotations>"


def sections(root):
    """(data set, files of its tree, commands) for each section of the page."""
    page = (root / "docs/datasets.md").read_text(encoding="utf-8")
    for text in page.split("\n### ")[1:]:
        name = re.match(r".*\((\w+)\)\n", text)[1]
        tree = re.search(r"```text\n(.*?)```", text, re.S)[1].splitlines()
        yield name, tree, re.findall(r"^`(python tools/dataset_converters/convert\.py .+)`$", text, re.M)


def fill(file, name):
    """Write a small image or annotation file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".mat":
        cells = {"imnames": ["8/ballet_106_0.jpg"], "txt": ["a"]}
        box = np.empty((1, 1), dtype=object)
        box[0, 0] = np.array([[10, 110, 110, 10], [20, 20, 60, 60]], dtype=np.float64)
        savemat(file, {**{key: np.array([value], dtype=object) for key, value in cells.items()}, "wordBB": box})
    elif file.suffix.lower() in (".jpg", ".gif"):  # a JPEG under the name of a GIF is decoded as what it is
        file.write_bytes(cv2.imencode(".jpg", np.zeros((300, 400, 3), np.uint8))[1].tobytes())
    else:
        file.write_text(TRAIN_CTW1500 if (name, file.suffix) == ("ctw1500", ".xml") else LABELS[name], encoding="utf-8")


@pytest.fixture
def convert(repo_root, monkeypatch):
    """The tool's ``main``."""
    monkeypatch.setattr(sys, "path", sys.path[:])  # the tool puts the checkout in front
    return runpy.run_path(str(repo_root / "tools/dataset_converters/convert.py"))["main"]


def test_page_has_a_section_for_every_converter(repo_root):
    found = [name for name, _, _ in sections(repo_root)]
    assert sorted(found) == converters.names() == sorted(LABELS)
    assert all(commands for _, _, commands in sections(repo_root))


@pytest.mark.parametrize("name", sorted(LABELS))
def test_commands_run_on_their_trees(name, repo_root, tmp_path, monkeypatch, convert, capsys):
    ((tree, commands),) = [(tree, commands) for found, tree, commands in sections(repo_root) if found == name]
    for file in tree:
        fill(tmp_path / file, name)
    monkeypatch.chdir(tmp_path)
    images = 0
    for command in commands:
        arguments = shlex.split(command)[2:]
        convert([*arguments, "--strict"])
        output = tmp_path / arguments[arguments.index("--output_path") + 1]
        if output.suffix == ".mat":
            listed = [record.content[1] for record in read_synthtext(output, tmp_path / "SynthText")]
        else:
            listed = [parse_label_line(line, output, number)[1] for number, line in read_lines(output)]
        images += len(listed)
        assert all(listed) and ": 0 images" not in capsys.readouterr().out
    assert images == sum(file.lower().endswith((".jpg", ".gif")) for file in tree)
