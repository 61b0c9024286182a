"""Recommended sizes as overrides: valid for the recipe that they are printed for, and safe in a shell."""

from __future__ import annotations

import shlex

import pytest

from mindocr.config import load_config
from mindocr.inspection.overrides import as_shell_words, size_overrides
from mindocr.inspection.statistics import InputSize, Statistics

RECIPE = "configs/det/dbnet/db_r50_icdar15.yaml"


def numbers(size, crop=None) -> Statistics:
    """Statistics of which only the recommended size counts."""
    advice = None if size is None else InputSize(size, crop, [], [])
    return Statistics(0, 0, 0, [], 0, {}, None, None, None, [], advice)  # type: ignore[arg-type]


def datasets(config) -> dict:
    return {"train": config.train.dataset, "eval": config.eval.dataset}


def argument(config, section: str, op: str, key: str):
    pipeline = getattr(config, section).dataset["transform_pipeline"]
    return [one[op][key] for one in pipeline if not isinstance(one, str) and op in one]


@pytest.mark.parametrize(("recipe", "key", "expected"), [
    (RECIPE, "target_size", [640, 1088]),
    ("configs/det/dbnet/db_r18_synthetic.yaml", "target_size", [640, 1088]),
])  # fmt: skip
def test_printed_words_are_accepted_by_the_recipe(repo_root, recipe, key, expected) -> None:
    statistics = {"train": numbers((640, 1088), (480, 480))}
    printed = as_shell_words(size_overrides(datasets(load_config(repo_root / recipe)), statistics))
    assert all(word.startswith("'") and word.endswith("'") for word in printed.split())  # [ is special in a shell
    config = load_config(repo_root / recipe, shlex.split(printed))
    assert argument(config, "train", "RandomCropWithBBox", "crop_size") == [[480, 480]]
    assert argument(config, "eval", "DetResize", key) == [expected]


@pytest.mark.parametrize(("resize", "expected"), [
    ("{limit_type: min, limit_side_len: 736}", ["limit_side_len=640"]),
    ("{limit_type: max, limit_side_len: 736}", ["limit_side_len=1088"]),
    ("{limit_type: none}", []),
    ("{target_size: [96, 96], divisor: 64}", ["target_size=[640,1088]"]),
    ("{target_size: [96, 96], divisor: 48}", ["target_size=[672,1104]"]),
])  # fmt: skip
def test_the_size_is_set_in_the_way_of_the_recipe(repo_root, resize, expected) -> None:
    """640 x 1088 are multiples of 64, and not of 48."""
    pipeline = f"[{{DecodeImage: {{}}}}, DetLabelEncode, {{DetResize: {resize}}}]"
    spec = load_config(repo_root / RECIPE, [f"eval.dataset.transform_pipeline={pipeline}"])
    words = size_overrides({"eval": spec.eval.dataset}, {"train": numbers((640, 1088), (480, 480))})
    assert words == [f"eval.dataset.transform_pipeline.DetResize.{word}" for word in expected]


def test_only_ops_that_exist_and_the_test_set_first(repo_root) -> None:
    config = load_config(repo_root / RECIPE, ["train.dataset.transform_pipeline.RandomCropWithBBox=drop",
                                              "train.dataset.transform_pipeline.RandomScale=drop"])  # fmt: skip
    both = {"train": numbers((640, 1088), (480, 480)), "test": numbers((320, 320))}
    words = size_overrides(datasets(config), both)
    assert words == ["eval.dataset.transform_pipeline.DetResize.target_size=[320,320]"]
    assert size_overrides({"train": config.train.dataset}, both) == []
    assert size_overrides(datasets(config), {"train": numbers(None)}) == []


def test_an_op_that_occurs_twice_is_named_by_its_position(repo_root) -> None:
    spec = load_config(repo_root / RECIPE).train.dataset
    pipeline = [op for op in spec["transform_pipeline"] for _ in range(2 if "RandomCropWithBBox" in op else 1)]
    words = size_overrides({"train": {**spec, "transform_pipeline": pipeline}}, {"train": numbers((64, 64), (64, 64))})
    assert words == [f"train.dataset.transform_pipeline[{i}].RandomCropWithBBox.crop_size=[64,64]" for i in (6, 7)]
