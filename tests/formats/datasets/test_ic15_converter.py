import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mindocr.errors import ConfigError, DataError
from mindocr.formats import datasets
from mindocr.formats.datasets.common import tidy_polygon


@pytest.fixture
def raw(tmp_path):
    """Two images with annotations, as published: a byte order mark, CRLF, commas and quotes in texts."""
    images, labels = tmp_path / "ch4_images", tmp_path / "ch4_gt"
    images.mkdir()
    labels.mkdir()
    for name in ("img_10.jpg", "img_9.JPG"):
        cv2.imwrite(str(images / name), np.zeros((80, 130, 3), dtype=np.uint8))
    (labels / "gt_img_9.txt").write_bytes(b"\xef\xbb\xbf10,20,110,20,110,60,10,60,1,000\r\n\r\n")
    (labels / "gt_img_10.txt").write_bytes('0,0, 9,0,9,9,0,9,###\n0,0,9,0,9,9.5,0,9,"#05", café\n'.encode())
    return images, labels, tmp_path


def test_line_of_the_specification(raw):
    images, labels, folder = raw
    report = datasets.convert("ic15", images, labels, folder / "out" / "gt.txt")
    written = (folder / "out" / "gt.txt").read_bytes().decode().split("\n")
    assert written[1] == (
        'img_9.JPG\t[{"transcription": "1,000", "points": [[10, 20], [110, 20], [110, 60], [10, 60]]}]'
    )
    name, _, items = written[0].partition("\t")
    assert name == "img_10.jpg"
    assert json.loads(items) == [
        {"transcription": "###", "points": [[0, 0], [9, 0], [9, 9], [0, 9]]},
        {"transcription": '"#05", café', "points": [[0, 0], [9, 0], [9, 9.5], [0, 9]]},
    ]
    assert written[2:] == [""]
    assert (report.images, report.texts, report.ignored, report.repaired, report.dropped) == (2, 3, 1, 0, 0)
    assert "2 images, 3 texts of which 1 ignored" in str(report)


def test_default_output_and_absolute_paths(raw):
    images, labels, folder = raw
    report = datasets.convert("ic15", images, labels, path_mode="abs")
    assert report.output_path == folder / "ch4_images_det_gt.txt"
    assert report.output_path.read_text(encoding="utf-8").startswith(f"{images}/img_10.jpg\t")


def test_images_and_annotations_without_partner(raw):
    images, labels, folder = raw
    (images / "img_9.JPG").unlink()
    cv2.imwrite(str(images / "img_11.jpg"), np.zeros((8, 8, 3), dtype=np.uint8))
    report = datasets.convert("ic15", images, labels, folder / "gt.txt")
    assert report.images == 1
    assert [message.split(";")[1] for message in report.warnings] == [" image left out", " annotation left out"]
    with pytest.raises(DataError, match="img_11.jpg: no annotation gt_img_11.txt"):
        datasets.convert("ic15", images, labels, folder / "gt.txt", strict=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [("1,2,3,4,5,6,7,8", "got 8 fields"), ("1,2,3,4,x,6,7,8,text", "expected a number of pixels, got 'x'")],
)
def test_broken_annotation(raw, line, message):
    images, labels, folder = raw
    (labels / "gt_img_9.txt").write_text(f"\n{line}\n")
    with pytest.raises(DataError, match=f"gt_img_9.txt:2: .*{message}"):
        datasets.convert("ic15", images, labels, folder / "gt.txt")


def test_wrong_names_and_folders(raw):
    images, labels, folder = raw
    with pytest.raises(ConfigError, match=r"unknown data set 'icd15' \(did you mean 'ic15'\?\); known: .*ic15"):
        datasets.convert("icd15", images, labels)
    with pytest.raises(ConfigError, match="task 'rec' is not supported"):
        datasets.convert("ic15", images, labels, task="rec")
    with pytest.raises(DataError, match="nowhere: no such folder; --image_dir"):
        datasets.convert("ic15", folder / "nowhere", labels)
    with pytest.raises(DataError, match="no gt_.*txt in this folder"):
        datasets.convert("ic15", images, images)


def test_polygons_are_made_tidy():
    clockwise = [[0, 0], [9, 0], [9, 5], [0, 5]]
    assert tidy_polygon(clockwise) == clockwise
    assert tidy_polygon([[0, 0], [0, 5], [9, 5], [9, 0]]) == clockwise
    assert tidy_polygon([[0, 0], [9, 5], [9, 0], [0, 5]]) == clockwise  # a bow tie
    assert tidy_polygon([[0, 0], [9, 0], [9, 0], [0, 5]]) == [[0, 0], [9, 0], [9, 0], [0, 5]]  # a repeated corner
    assert tidy_polygon([[0, 0], [3, 0], [9, 0], [5, 0]]) is None
    crossed = [[0, 0], [9, 0], [9, 9], [4, -2], [0, 9]]
    assert tidy_polygon(crossed) == [[0, 0], [4, -2], [9, 0], [9, 9], [0, 9]]


def test_text_without_area_is_dropped_and_counted(raw):
    images, labels, folder = raw
    (labels / "gt_img_9.txt").write_text("5,5,5,5,5,5,5,5,x\n")
    report = datasets.convert("ic15", images, labels, folder / "gt.txt")
    assert report.dropped == 1
    assert (folder / "gt.txt").read_text().endswith("img_9.JPG\t[]\n")


def test_command(raw, repo_root):
    images, labels, folder = raw
    tool = repo_root / "tools" / "dataset_converters" / "convert.py"
    options = f"--task det --image_dir {images}/ --label_dir {labels}/ --output_path {folder}/gt.txt".split()

    def run(name):
        command = [sys.executable, tool, "--dataset_name", name, *options]
        environment = {**os.environ, "PYTHONPATH": str(repo_root)}
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = run("ic15")
    assert done.returncode == 0, done.stderr
    assert "2 images, 3 texts" in done.stdout
    assert len((folder / "gt.txt").read_text(encoding="utf-8").splitlines()) == 2
    wrong = run("ic51")
    assert wrong.returncode == 2
    assert "did you mean 'ic15'?" in wrong.stderr and "Traceback" not in wrong.stderr
