"""The pages of check-data and look in a real browser: readable on a phone, complete, without a request."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from browser import browser

from mindocr.data.datasets.detection import DetDataset
from mindocr.inspection.look import look_at
from mindocr.inspection.page import write_page
from mindocr.inspection.settings import Settings
from mindocr.inspection.sheet import write_sheet
from mindocr.inspection.statistics import statistics_of
from mindocr.inspection.survey import Source, inspect

LONG = "a_folder_with_a_long_name/and_an_image_whose_name_does_not_fit_on_a_phone"
OPS = [{"DecodeImage": {"img_mode": "RGB"}}, "DetLabelEncode", "ShrinkBinaryMap", "BorderMap"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of each kind on four images, some of them with problems."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "a_folder_with_a_long_name").mkdir()
    lines = []
    for i, shift in enumerate((0, 10, -30, 20)):
        noise = np.random.default_rng(i).integers(0, 256, (5, 7, 3)).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{LONG}_{i}.jpg"), cv2.resize(noise, (640, 360)))
        box = [[20 + shift, 20], [300, 20], [300, 90], [20 + shift, 90]]
        lines.append(f"{LONG}_{i}.jpg\t{json.dumps([{'transcription': 'x', 'points': box}])}\n")
    (folder / "gt.txt").write_text("".join(lines), encoding="utf-8")
    inspection = inspect([Source("train", folder, folder / "gt.txt")], Settings(), 1, progress=False)
    words = ["train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[640,640]"]
    statistics = {"train": statistics_of(inspection, "train")}
    data = DetDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=OPS)
    columns = ["image", "binary_map", "mask", "thresh_map", "thresh_mask"]
    write_sheet(folder / "look.html", look_at(data, OPS, columns, 4, 0).views, f"4 of 4 samples, {folder}/{LONG}.yaml")
    return {"dataset": write_page(folder, inspection, statistics, overrides=words), "look": folder / "look.html"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize(("name", "pictures"), [("dataset", 5), ("look", 12)])
@pytest.mark.parametrize("width", [1366, 390], ids=["desktop", "phone"])
def test_pages_fit_the_window_and_are_complete(page, pages, name, pictures, width) -> None:
    page.resize(width, 844)
    page.open(pages[name])
    assert page.run("document.documentElement.scrollWidth") == width
    sizes = page.run("[...document.images].map((image) => [image.naturalWidth, image.getBoundingClientRect().width])")
    assert len(sizes) == pictures and all(natural > 0 and shown >= 250 for natural, shown in sizes)
    assert page.problems == [] and page.requests == [pages[name].as_uri()]
