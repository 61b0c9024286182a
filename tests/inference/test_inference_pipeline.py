"""Pipelines for images without labels."""

import cv2
import numpy as np
import pytest

from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError
from mindocr.inference.pipeline import decoding, default_pipeline, with_limit, with_original, with_size, without_labels
from mindocr.models.algorithms import get_algorithm


def resizing(pipeline):
    return next(op["DetResize"] for op in pipeline if "DetResize" in op)


@pytest.mark.parametrize(("algorithm", "channel"), [("DB_MV3", 0), ("DB_PPOCRv3", 2)])
def test_each_algorithm_sees_the_channels_in_its_order(algorithm, channel, tmp_path):
    known = get_algorithm(algorithm)
    assert cv2.imwrite(str(tmp_path / "red.png"), np.full((64, 64, 3), (0, 0, 255), np.uint8))
    pipeline = Pipeline(default_pipeline(*known.limit, known.blue_first), provided_keys=("img_path",), is_train=False)
    sample = pipeline({"img_path": str(tmp_path / "red.png")}, np.random.default_rng(0))
    assert int(sample["image"].mean((1, 2)).argmax()) == channel
    assert min(sample["image"].shape[1:]) == {"DB_MV3": 64, "DB_PPOCRv3": 736}[algorithm]


def test_ops_that_need_labels_are_left_out():
    evaluation = [
        {"DecodeImage": {"img_mode": "RGB"}}, "DetLabelEncode", {"ValidatePolygons": None},
        {"DetResize": {"target_size": [64, 96]}}, "ToCHWImage",
    ]  # fmt: skip
    kept = without_labels(evaluation)
    assert [next(iter(op)) for op in kept] == ["DecodeImage", "DetResize", "ToCHWImage"]
    assert resizing(kept) == {"target_size": [64, 96]}


def test_the_original_is_kept_and_other_settings_stay():
    pipeline = [{"DecodeImage": {"img_mode": "BGR", "ignore_orientation": True}}, "ToCHWImage"]
    assert decoding(with_original(pipeline)) == {"img_mode": "BGR", "ignore_orientation": True, "keep_ori": True}
    assert decoding(pipeline) == {"img_mode": "BGR", "ignore_orientation": True}
    assert decoding(["ToCHWImage"]) == {}


def test_another_limit_leaves_all_but_the_size():
    pipeline = [{"DetResize": {"target_size": [64, 96], "keep_ratio": False, "divisor": 64}}, "ToCHWImage"]
    changed = with_limit(pipeline, 320, "min")
    assert resizing(changed) == {
        "keep_ratio": True, "padding": False, "limit_side_len": 320, "limit_type": "min", "divisor": 64,
    }  # fmt: skip
    assert changed[1] == {"ToCHWImage": {}}
    assert with_limit(default_pipeline(960, blue_first=True), 64, "max")[2] == default_pipeline(64, blue_first=True)[2]
    with pytest.raises(ConfigError, match="limit_side_len: the transform_pipeline of this model has no DetResize"):
        with_limit(["ToCHWImage"], 320, "min")


@pytest.mark.parametrize(("arguments", "keeps_ratio"), [
    ({"limit_side_len": 960, "limit_type": "max"}, True),
    ({"target_size": [736, 1280], "keep_ratio": False}, False),
    ({"target_size": [736, 1280]}, True),
])  # fmt: skip
def test_images_get_the_size_that_a_network_takes(arguments, keeps_ratio):
    changed = with_size([{"DetResize": arguments}], (64, 96))
    assert resizing(changed) == {
        "target_size": [64, 96], "keep_ratio": keeps_ratio, "padding": keeps_ratio, "limit_type": "none",
    }  # fmt: skip


def test_an_op_in_another_form_is_refused():
    with pytest.raises(ConfigError, match="transform_pipeline: expected {Name: {argument: value}} or Name, got 7"):
        with_original([7])
    with pytest.raises(ConfigError, match="got {'DetResize': 736}"):
        with_size([{"DetResize": 736}], (64, 96))
