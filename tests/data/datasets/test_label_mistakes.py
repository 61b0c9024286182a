"""Label files that cannot be meant so: the data set is refused when it is built, and the message names the cause."""

import json
import logging

import pytest

from mindocr.data.datasets.detection import DetDataset
from mindocr.errors import DataError

QUAD = [[10, 10], [50, 10], [50, 30], [10, 30]]


def build(folder, file, lines):
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return DetDataset(str(folder), str(file), transform_pipeline=["DecodeImage", "DetLabelEncode"])


def line(name, *polygons):
    return f"{name}\t{json.dumps([{'transcription': 'x', 'points': points} for points in polygons])}"


@pytest.fixture
def small(make_set):
    """An image folder with two images in a subfolder, and the label file of another set."""
    folder, file = make_set([("a.jpg", [(QUAD, "x")])])
    (folder / "deep").mkdir()
    for name in ("b.jpg", "c.jpg"):
        (folder / "deep" / name).write_bytes((folder / "a.jpg").read_bytes())
    return folder, file


def test_backslashes_are_read_as_separators(small, caplog):
    with caplog.at_level(logging.INFO):
        dataset = build(*small, [line(r"deep\b.jpg", QUAD), line(r".\deep\c.jpg", QUAD), line("a.jpg", QUAD)])
    assert [dataset[i]["image"].ndim for i in range(3)] == [3] * 3
    assert "2 image paths have backslashes, which are read as /" in caplog.text


@pytest.mark.parametrize(("name", "message"), [
    (r"C:\my\set\deep\b.jpg", r"image C:\\my\\set\\deep\\b.jpg does not exist; 1 of the 2 images of this label file "
     "are missing; it is a Windows path with a drive, but .*deep/b.jpg exists: write paths relative to data_dir, here "
     "deep/b.jpg; 'mindocr check-data --fix' does that"),
    ("/home/other/deep/b.jpg", "an absolute path of another computer or folder, but .*deep/b.jpg exists"),
    ("file:///x/deep/b.jpg", "a file:// address, but .*deep/b.jpg exists"),
    ("deep/B.jpg", "it differs in upper and lower case, but .*deep/b.jpg exists"),
    (r"C:\none.jpg", r"Windows path with a drive; write paths relative to data_dir, with /.*no image of this name"),
    (r"deep\none.jpg", "does not exist; 1 of the 2"),
])  # fmt: skip
def test_paths_of_other_systems(small, name, message):
    with pytest.raises(DataError, match=message):
        build(*small, [line("a.jpg", QUAD), line(name, QUAD)])


def test_shares_of_the_size_are_no_pixels(small):
    shares = [[0.1, 0.2], [0.47, 0.2], [0.47, 0.4], [0.1, 0.4]]
    with pytest.raises(DataError, match=r"all points of its 2 texts lie between 0 and 1 \(the largest is 0.47\): they "
                       "are shares of the image size, but pixels are expected; multiply x by the width"):  # fmt: skip
        build(*small, [line("a.jpg", shares, shares)])
    assert len(build(*small, [line("a.jpg", shares), line("deep/b.jpg", QUAD)])) == 2


def test_texts_smaller_than_a_pixel(small):
    with pytest.raises(DataError, match="none of its 1 texts covers a pixel.*nothing to learn or to detect"):
        build(*small, [line("a.jpg", [[30, 30], [30, 30], [30, 31]])])


def test_lines_run_together_stop_the_building(small):
    with pytest.raises(DataError, match=r"two label lines stand in one.*second image path \('deep/b.jpg'\)"):
        build(*small, [line("a.jpg", QUAD) + line("deep/b.jpg", QUAD)])


def test_label_file_of_an_old_mac(small):
    folder, file = small
    file.write_bytes(f"{line('a.jpg', QUAD)}\r{line('deep/b.jpg', QUAD)}\r".encode())
    assert len(DetDataset(str(folder), str(file), transform_pipeline=["DecodeImage", "DetLabelEncode"])) == 2
