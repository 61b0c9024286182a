"""Drawings of samples: pixels by hand for the image, the texts and each kind of map."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.data.transforms.layout import NormalizeImage
from mindocr.inspection.label_maps import displayed, maps_of, pictures_of, texts_of
from mindocr.utils.visualize import GREEN, YELLOW

RED_IMAGE = np.full((40, 60, 3), (200, 20, 10), np.uint8)


@pytest.mark.parametrize(("decode", "normalize"), [
    ({"img_mode": "RGB"}, {}),
    ({"img_mode": "RGB"}, {"mean": [10, 20, 30], "std": [2, 3, 4]}),
    ({"img_mode": "BGR"}, {"bgr_to_rgb": True}),
    ({}, {}),
])  # fmt: skip
def test_normalisation_is_undone(decode, normalize) -> None:
    """A red image is shown red, in whatever order its channels reach the network."""
    stored = RED_IMAGE if decode.get("img_mode") == "RGB" else RED_IMAGE[..., ::-1].copy()
    ops = [{"DecodeImage": decode}, {"NormalizeImage": normalize}, "ToCHWImage"]
    image = NormalizeImage(**normalize)({"image": stored})["image"].transpose(2, 0, 1)
    assert np.array_equal(displayed(image, ops), RED_IMAGE)


def test_other_pixel_values() -> None:
    decode = [{"DecodeImage": {"img_mode": "RGB"}}]
    assert np.array_equal(displayed(RED_IMAGE, decode), RED_IMAGE)
    assert np.array_equal(displayed(RED_IMAGE.astype(np.float32), decode), RED_IMAGE)
    shares = displayed(np.array([[[0, 0, 0], [1, 0.5, 0.2]]], np.float32), decode)
    assert shares.tolist() == [[[0, 0, 0], [255, 128, 51]]]
    grey = displayed(np.full((1, 8, 9), 7, np.uint8), [])
    assert grey.shape == (8, 9, 3) and (grey == 7).all()
    narrow = displayed(np.full((3, 8, 3), 7, np.uint8), ["ToCHWImage"])
    assert narrow.shape == (8, 3, 3)


def test_maps_are_those_of_the_size_of_the_image() -> None:
    sample = {"image": np.zeros((3, 40, 60)), "a": np.ones((40, 60), np.uint8), "half": np.ones((20, 30), np.float32),
              "other": np.ones((30, 30)), "flat": np.ones(4), "stack": np.ones((2, 40, 60)), "name": "x",
              "unused": np.ones((40, 60))}  # fmt: skip
    maps = maps_of(sample, ["image", "a", "half", "other", "flat", "stack", "name"], (40, 60))
    assert [(name, values.shape) for name, values in maps] == [
        ("a", (40, 60)), ("half", (40, 60)), ("stack[0]", (40, 60)), ("stack[1]", (40, 60))
    ]  # fmt: skip


def test_texts_and_scale() -> None:
    polys, ignored = texts_of({"polys": [[[1, 2], [3, 4], [5, 6]]]}, (2, 10))
    assert polys[0].tolist() == [[2, 20], [6, 40], [10, 60]] and ignored.tolist() == [False]
    assert texts_of({})[0] == []


def test_pixels_of_the_pictures() -> None:
    """A text that counts, an ignored one, a binary map with its mask, a map of values with its mask."""
    image = np.full((40, 60, 3), 100, np.uint8)
    square = np.array([[5.0, 5.0], [25.0, 5.0], [25.0, 25.0], [5.0, 25.0]])
    binary, mask = np.zeros((40, 60), np.uint8), np.ones((40, 60), np.uint8)
    binary[10:20, 10:20], mask[8:30, 40:50] = 1, 0
    heat, heat_mask = np.full((40, 60), 0.3, np.float32), np.zeros((40, 60), np.uint8)
    heat[12, 12], heat_mask[10:15, 10:15] = 0.7, 1
    maps = [("binary_map", binary), ("mask", mask), ("thresh_map", heat), ("thresh_mask", heat_mask)]
    (one, texts), (two, area), (three, values) = pictures_of(image, [square, square + (30, 0)], np.array([False, True]),
                                                             maps)  # fmt: skip
    assert (one, two, three) == ("texts", "binary_map with mask", "thresh_map with thresh_mask")
    assert np.abs(texts[15, 5].astype(int) - GREEN).max() < 30  # lines have soft edges
    assert np.abs(texts[15, 35].astype(int) - YELLOW).max() < 30 and tuple(texts[15, 15]) == (100, 100, 100)
    assert tuple(area[15, 15]) == (66, 168, 183)  # 0.4 * 75 + 0.6 * (60, 230, 255)
    assert tuple(area[35, 5]) == (75, 75, 75)  # 0.75 of 100: neither in the map nor left out
    assert tuple(area[20, 45]) == (30, 30, 30)  # mask 0: 0.4 of that
    assert tuple(area[8, 45]) == YELLOW  # the border of what does not count
    assert values[12, 12, 0] > values[12, 12, 2] and values[11, 11, 2] > values[11, 11, 0]  # red is high, blue is low
    assert tuple(values[35, 5]) == (30, 30, 30)


def test_maps_without_masks_and_masks_without_maps() -> None:
    image = np.full((8, 8, 3), 100, np.uint8)
    none = np.zeros(0, dtype=bool)
    ones, shares = np.ones((8, 8), np.uint8), np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    names = [name for name, _ in pictures_of(image, [], none, [("mask", ones), ("a", shares), ("b", ones)])]
    assert names == ["texts", "mask", "a", "b"]
    soft = pictures_of(image, [], none, [("a", shares)])[1][1]
    assert tuple(soft[0, 0]) == (75, 75, 75)  # a low value covers nothing where no mask says that it counts
    assert [name for name, _ in pictures_of(image, [], none, [("a_mask", shares)])] == ["texts", "a_mask"]
