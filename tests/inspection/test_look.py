"""Samples as training receives them: which ones, what is said of them, and the sheets and pages with them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.detection import DetDataset
from mindocr.errors import ConfigError, DataError
from mindocr.inspection.look import View, look_at
from mindocr.inspection.sheet import check_output, draw_sheet, write_sheet

OPS = [{"DecodeImage": {"img_mode": "RGB"}}, "DetLabelEncode", "ShrinkBinaryMap", "BorderMap", "NormalizeImage",
       "ToCHWImage"]  # fmt: skip
COLUMNS = ["image", "binary_map", "mask", "thresh_map", "thresh_mask"]
WORD = {"transcription": "x", "points": [[10, 10], [69, 10], [69, 29], [10, 29]]}
IGNORED = {"transcription": "###", "points": [[80, 10], [110, 10], [110, 40], [80, 40]]}


def make_set(folder: Path, names: list[str], texts: list[dict]) -> Path:
    """A set of grey images of 120 x 80 pixels, all with the same texts."""
    for name in names:
        cv2.imencode(".png", np.full((80, 120, 3), 90, np.uint8))[1].tofile(folder / name)
    (folder / "gt.txt").write_text("".join(f"{name}\t{json.dumps(texts)}\n" for name in names), encoding="utf-8")
    return folder / "gt.txt"


def dataset(folder: Path, ops=OPS, **more) -> DetDataset:
    return DetDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=ops, **more)


def test_a_sample_and_its_facts(tmp_path: Path) -> None:
    """The text covers 60 x 20 of 120 x 80 pixels, its border included."""
    make_set(tmp_path, ["a.png"], [WORD, IGNORED])
    (view,), left_out = look_at(dataset(tmp_path), OPS, COLUMNS, 1, 0)
    assert view[:6] == ("a.png", f"{tmp_path / 'gt.txt'}:1", (80, 120), 1, 1, 1200 / 9600) and left_out == []
    assert view.facts() == "80 x 120 (h x w), texts: 1 used, 1 ignored, text area 12.5%"
    assert [name for name, _ in view.pictures] == ["texts", "binary_map with mask", "thresh_map with thresh_mask"]
    area = view.pictures[1][1]
    shrunk = (20 * 60 * 0.84) / 160  # 6.3 pixels: the map begins between 16 and 17 pixels from the top
    assert 6 < shrunk < 7
    assert tuple(area[20, 40]) == (63, 165, 180) and tuple(area[14, 40]) == (68, 68, 68)  # 0.75 * 90, in and out
    assert tuple(area[20, 95]) == (27, 27, 27)  # 0.4 of that: the ignored text


def test_samples_are_chosen_by_the_seed_and_drawn_again_in_later_epochs(tmp_path: Path) -> None:
    make_set(tmp_path, [f"{i}.png" for i in range(9)], [WORD])
    names = [[view.name for view in look_at(dataset(tmp_path), OPS, COLUMNS, 4, seed).views] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2] and all(one == sorted(set(one)) for one in names)
    twice = [view.name for view in look_at(dataset(tmp_path), OPS, COLUMNS, 13, 0).views]
    assert twice[:9] == [f"{i}.png" for i in range(9)] and len(twice) == 13


def test_polygons_of_evaluation_are_in_the_source_image(tmp_path: Path) -> None:
    make_set(tmp_path, ["a.png"], [WORD])
    ops = [*OPS[:2], {"DetResize": {"target_size": [160, 480], "keep_ratio": False}}, *OPS[4:]]
    evaluated = dataset(tmp_path, ops, is_train=False)
    columns = ["image", "polys", "ignore_tags", "shape_list"]
    (view,) = look_at(evaluated, ops, columns, 1, 0, polys_in_source=True).views
    ((name, picture),) = view.pictures
    assert name == "texts" and view.size == (160, 480)
    assert picture[20, 160, 1] > 180 > picture[10, 100, 1]  # the upper edge is at y = 2 * 10, from x = 4 * 10


def test_samples_without_texts_or_maps(tmp_path: Path) -> None:
    make_set(tmp_path, ["a.png"], [WORD])
    ops = [{"DecodeImage": {"img_mode": "RGB"}}]
    (view,) = look_at(dataset(tmp_path, ops), ops, ["image"], 1, 0).views
    assert view.facts() == "80 x 120 (h x w)" and len(view.pictures) == 1 and view.used is None
    with pytest.raises(ConfigError, match="the samples have no image to draw; add DecodeImage"):
        look_at(dataset(tmp_path, ["DetLabelEncode"]), ["DetLabelEncode"], ["polys"], 1, 0)


def test_broken_images(tmp_path: Path) -> None:
    make_set(tmp_path, ["a.png", "b.png"], [WORD])
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"b.png.*gt.txt:2"):
        look_at(dataset(tmp_path), OPS, COLUMNS, 2, 0)
    views, left_out = look_at(dataset(tmp_path, on_error="skip"), OPS, COLUMNS, 2, 0)
    assert [view.name for view in views] == ["a.png"] and len(left_out) == 1 and "b.png" in left_out[0]
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of 2 samples can be drawn; the first: .*a.png"):
        look_at(dataset(tmp_path, on_error="skip"), OPS, COLUMNS, 2, 0)


@pytest.mark.parametrize("number", [0, -1, 501])
def test_numbers_out_of_range(tmp_path: Path, number) -> None:
    make_set(tmp_path, ["a.png"], [WORD])
    with pytest.raises(ConfigError, match=f"--number: expected 1 to 500 samples, got {number}"):
        look_at(dataset(tmp_path), OPS, COLUMNS, number, 0)


@pytest.fixture
def views(tmp_path: Path) -> list[View]:
    make_set(tmp_path, ["茶.png", "b.png", "c.png"], [WORD, IGNORED])
    return look_at(dataset(tmp_path), OPS, COLUMNS, 3, 0).views


def test_a_sheet(views, tmp_path: Path) -> None:
    """A picture of 400 x 600 pixels for each map, one sample in a row."""
    sheet = draw_sheet(views, "a title")
    assert sheet.shape[1] == 3 * 600 + 4 * 8 and sheet.shape[0] > 3 * 400
    for name in ("sheet.png", "deep/sheet.JPG"):
        write_sheet(tmp_path / name, views, "a title")
        read = cv2.imread(str(tmp_path / name))
        assert read.shape == sheet.shape
        assert np.abs(read[..., ::-1].astype(int) - sheet).mean() < 3


def test_a_page(views, tmp_path: Path) -> None:
    write_sheet(tmp_path / "page.html", views, "a <title>")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 9 and "a &lt;title&gt;" in page and "茶.png" in page
    assert not re.search(r"https?:|<script|url\(", page)
    assert page.count("texts: 1 used, 1 ignored, text area 12.5%") == 3


def test_other_kinds_of_files_are_refused(views, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--output look.gif: expected a file ending in .png, .jpg, .jpeg, .html"):
        check_output(Path("look.gif"))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write this file"):
        write_sheet(tmp_path / "file" / "sheet.png", views, "x")
