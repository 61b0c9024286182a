"""Ops for crops of text lines."""

import numpy as np
import pytest

from mindocr.data.transforms.text_line import CropTextLine, PadTextLine, ResizeTextLine
from mindocr.errors import ConfigError


@pytest.mark.parametrize(
    ("size", "width"), [((24, 50), 100), ((48, 7), 7), ((100, 33), 16), ((500, 1), 1), ((1, 90), 3200)]
)
def test_the_height_is_fixed_and_the_width_follows(size, width):
    image = ResizeTextLine(48)({"image": np.zeros((*size, 3), np.uint8)})["image"]
    assert image.shape == (48, width, 3)


def test_padding_is_zero_and_on_the_right():
    image = np.ones((3, 2, 5), np.float32)
    padded = PadTextLine(min_width=8)({"image": image})["image"]
    assert padded.shape == (3, 2, 8)
    assert padded[:, :, :5].all() and not padded[:, :, 5:].any()
    assert PadTextLine(min_width=1, multiple=4)({"image": image})["image"].shape[2] == 8


def test_a_wide_line_stays():
    image = np.ones((3, 2, 400), np.float32)
    assert PadTextLine(min_width=320)({"image": image})["image"].shape == (3, 2, 400)


def test_a_line_is_cut_out_and_a_whole_image_kept():
    image = np.zeros((30, 40, 3), np.uint8)
    image[10:20, 5:35] = 200
    quad = np.array([[5, 10], [35, 10], [35, 20], [5, 20]], np.float32)
    crop = CropTextLine()({"image": image, "polygon": quad})["image"]
    assert crop.shape == (10, 30, 3) and (crop[1:-1, 1:-1] == 200).all()
    assert CropTextLine()({"image": image, "polygon": np.zeros((0, 2), np.float32)})["image"] is image
    with pytest.raises(ConfigError, match=r"expected an image \(H, W, 3\), got shape \(3, 30, 40\)"):
        CropTextLine()({"image": image.transpose(2, 0, 1), "polygon": quad})


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="height and max_width must be 1 or more, got 0"):
        ResizeTextLine(0)
    with pytest.raises(ConfigError, match="min_width and multiple must be 1 or more"):
        PadTextLine(multiple=0)
    with pytest.raises(ConfigError, match=r"expected \(3, H, W\), got \(48, 20, 3\); put it after ToCHWImage"):
        PadTextLine()({"image": np.zeros((48, 20, 3))})
