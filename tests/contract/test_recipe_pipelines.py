"""The pipelines of every recipe run: one image of each data set passes through training and evaluation."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from mindocr.config import Config, load_config
from mindocr.config.merge import op_arguments, op_name
from mindocr.formats.label_file import format_label_line
from mindocr.registry import DATASETS

RECIPES = Path(__file__).resolve().parents[2] / "configs/det/dbnet"
NAMES = sorted(path.stem for path in RECIPES.glob("*.yaml"))
SCORED = [name for name in NAMES if not name.endswith("_synthtext")]  # that set is for first weights only
SIZE = (96, 144)  # h, w of the picture; its sides have another ratio than those that recipes evaluate at
OUTLINE = [[24, 24], [72, 18], [120, 24], [120, 72], [72, 66], [24, 72]]
QUAD = [[24, 24], [120, 24], [120, 72], [24, 72]]


@functools.cache
def recipe(name: str) -> Config:
    return load_config(RECIPES / f"{name}.yaml")


def op(config: Config, section: str, name: str) -> dict[str, Any]:
    """Arguments of an op in the pipeline of a section."""
    ops = getattr(config, section).dataset["transform_pipeline"]
    (arguments,) = [op_arguments(entry) for entry in ops if op_name(entry) == name]
    return dict(arguments)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def lay_out(root: Path, spec: Mapping[str, Any], outline: list[list[int]]) -> None:
    """One image with one text for each folder and label file that a data set names."""
    rng = np.random.default_rng(0)
    for folder, file in zip(as_list(spec["data_dir"]), as_list(spec["label_file"])):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / folder / "img_1.jpg"), rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
        if file.endswith(".mat"):
            savemat(root / file, {"imnames": cell("img_1.jpg"), "wordBB": cell(np.array(QUAD, float).T),
                                  "txt": cell(np.array(["word"]))})  # fmt: skip
        else:
            texts = [{"points": outline, "transcription": "word"}]
            (root / file).write_text(format_label_line("img_1.jpg", texts) + "\n", encoding="utf-8")


def cell(value: Any) -> np.ndarray:
    """A MATLAB cell array of one element."""
    array = np.empty((1, 1), dtype=object)
    array[0, 0] = value
    return array


def samples(config: Config, section: str, root: Path) -> list[dict[str, Any]]:
    """All samples of the data set of a section, with its images below ``root``."""
    spec = {**getattr(config, section).dataset, "dataset_root": str(root)}
    outline = OUTLINE if (config.postprocess or {}).get("box_type") == "poly" else QUAD
    lay_out(root, spec, outline)
    dataset = DATASETS.build(spec, key="type", is_train=section == "train", seed=0)
    return [dataset[i] for i in range(len(dataset))]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_goes_through_training(name: str, tmp_path: Path) -> None:
    config = recipe(name)
    side = op(config, "train", "RandomCropWithBBox")["crop_size"][0]
    spec = config.train.dataset
    found = samples(config, "train", tmp_path)
    assert len(found) == len(as_list(spec["data_dir"]))
    for sample in found:
        assert list(sample) == spec["output_columns"]
        assert (sample["image"].shape, sample["image"].dtype) == ((3, side, side), np.float32)
        assert abs(sample["image"]).max() < 3  # normalised: (255 - 103.53) / 57.375 = 2.64 at most
        for key in ("binary_map", "mask", "thresh_map", "thresh_mask"):
            kind = np.float32 if key == "thresh_map" else np.uint8
            assert (sample[key].shape, sample[key].dtype) == ((side, side), kind), key
        assert set(np.unique(sample["binary_map"])) == {0.0, 1.0}, "the text is on its map"
        low, high = sample["thresh_map"].min(), sample["thresh_map"].max()
        assert (low, high) == (pytest.approx(0.3), pytest.approx(0.7, abs=0.02))


@pytest.mark.parametrize("name", SCORED)
def test_a_picture_goes_through_evaluation(name: str, tmp_path: Path) -> None:
    config = recipe(name)
    for sample in samples(config, "eval", tmp_path):
        h, w = sample["image"].shape[1:]
        assert h % 32 == w % 32 == 0, "the network halves its input five times"
        target = op(config, "eval", "DetResize")["target_size"]
        assert target is None or [h, w] == target
        src_h, src_w, ratio_h, ratio_w = sample["shape_list"]
        assert (src_h, src_w) == SIZE
        if op(config, "eval", "DetResize")["keep_ratio"]:
            assert ratio_h == pytest.approx(ratio_w, rel=0.05)  # sides are rounded
        assert round(src_h * ratio_h) <= h and round(src_w * ratio_w) <= w
        outline = OUTLINE if config.postprocess["box_type"] == "poly" else QUAD
        assert [poly.tolist() for poly in sample["polys"]] == [outline], "the truth stays on the source picture"


@pytest.mark.parametrize("name", SCORED)
def test_pictures_are_read_alike_in_training_and_evaluation(name: str) -> None:
    """Training and evaluation must decode images with the same channel order and rotation."""
    config = recipe(name)
    for step in ("DecodeImage", "NormalizeImage"):
        assert op(config, "train", step) == op(config, "eval", step)
    assert op(config, "predict", "NormalizeImage") == op(config, "eval", "NormalizeImage")
