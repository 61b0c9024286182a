"""Numbers of classes, and lines turned upside down."""

import numpy as np
import pytest

from mindocr.data.transforms.cls_label import ClsLabelEncode, RandomTurnTextLine
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError


def test_a_label_becomes_its_number():
    number = ClsLabelEncode([0, 90, 180])({"class_name": "180"})["class_number"]
    assert number == 2 and number.shape == () and number.dtype == np.int32


def test_an_unknown_label():
    with pytest.raises(DataError, match="the label is '90'; expected 0 or 180; correct it, or add it to label_list"):
        ClsLabelEncode()({"class_name": "90"})


def test_turning_moves_the_first_pixel_to_the_end_and_writes_the_class():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    op = RandomTurnTextLine()
    turned, kept = op.apply({"image": image}, True), op.apply({"image": image}, False)
    assert turned["class_name"] == "180" and turned["image"].tolist() == image[::-1, ::-1].tolist()
    assert kept["class_name"] == "0" and kept["image"] is image


def test_the_turn_depends_on_the_sample_alone():
    pipeline = Pipeline(["RandomTurnTextLine"], ["class_name"], ["image"])
    image = np.zeros((2, 4, 3), np.uint8)
    names = [pipeline({"image": image}, np.random.default_rng(i))["class_name"] for i in range(200)]
    assert names == [pipeline({"image": image}, np.random.default_rng(i))["class_name"] for i in range(200)]
    assert 70 < names.count("180") < 130


def test_the_probability_is_checked():
    with pytest.raises(ConfigError, match=r"RandomTurnTextLine: p must be a probability in \[0, 1\], got 2"):
        RandomTurnTextLine(2)
