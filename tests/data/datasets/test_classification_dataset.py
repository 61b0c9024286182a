"""Data sets of classification."""

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.classification import ClsDataset
from mindocr.errors import DataError

PIPELINE = [{"DecodeImage": {"img_mode": "RGB"}}, "ClsLabelEncode"]


@pytest.fixture
def listed(tmp_path):
    for name in ("a.png", "b c.png"):
        cv2.imwrite(str(tmp_path / name), np.full((4, 6, 3), 7, np.uint8))

    def read(content):
        (tmp_path / "gt.txt").write_text(content, encoding="utf-8")
        return ClsDataset(str(tmp_path), str(tmp_path / "gt.txt"), transform_pipeline=PIPELINE)

    return read


def test_every_line_is_a_sample(listed):
    dataset = listed("a.png\t0\r\nb c.png\t180 \n")
    assert [(each["class_name"], int(each["class_number"])) for each in (dataset[0], dataset[1])] == [
        ("0", 0), ("180", 1)
    ]  # fmt: skip
    assert dataset[0]["image"].shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a.png 0\n", r"gt\.txt:1: no tab in 'a\.png 0'; expected image\.jpg<TAB>label"),
        ("a.png\t0\nb c.png\t\n", r"gt\.txt:2: no label after the tab .*write the label, or remove the line"),
        ("a.png\t0\t180\n", r"gt\.txt:1: 2 tabs .*a label cannot contain a tab"),
    ],
)
def test_mistakes_name_the_line(listed, content, message):
    with pytest.raises(DataError, match=message):
        listed(content)


def test_an_unknown_label_names_file_and_line(listed):
    with pytest.raises(DataError, match=r"a\.png: the label is 'up'; expected 0 or 180.*listed in .*gt\.txt:1"):
        listed("a.png\tup\n")[0]
