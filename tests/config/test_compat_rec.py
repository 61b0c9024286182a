"""MindOCR's names in configurations of recognisers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mindocr.config import load_config
from mindocr.config.compat import upgrade
from mindocr.config.yaml_io import dump_yaml
from mindocr.data.transforms.pipeline import check_pipeline
from mindocr.errors import ConfigError

# As MindOCR's files of CRNN write it, with a network of this package.
FLAT: dict[str, Any] = {
    "model": {
        "type": "rec", "transform": None,
        "backbone": {"name": "rec_lcnet", "scale": 0.5},
        "neck": {"name": "SVTRNeck", "dims": 64},
        "head": {"name": "CTCHead", "weight_init": "crnn_customised", "bias_init": "x", "out_channels": 4},
    },
    "postprocess": {"name": "RecCTCLabelDecode", "character_dict_path": "chars.txt", "use_space_char": False},
    "metric": {"name": "RecMetric", "main_indicator": "acc", "ignore_space": True, "print_flag": False,
               "device_num": 1},
    "loss": {"name": "CTCLoss", "pred_seq_len": 25, "max_label_len": 24, "batch_size": 64},
    "train": {
        "dataset": {
            "type": "RecDataset", "dataset_root": "lines", "data_dir": ".", "label_file": "gt.txt",
            "extra_data_num": 0, "filter_max_len": False,
            "transform_pipeline": [
                {"DecodeImage": {"img_mode": "BGR", "to_float32": False}},
                {"RecCTCLabelEncode": {"max_text_len": 24, "character_dict_path": "chars.txt", "lower": False,
                                       "use_space_char": False, "blank_at_last": False}},
                {"ResizeTextLine": {"height": 48}},
                {"NormalizeImage": {"bgr_to_rgb": True, "is_hwc": True, "mean": [127.0] * 3, "std": [127.0] * 3}},
                {"ToCHWImage": None},
                {"PadTextLine": {"min_width": 320, "multiple": 320}},
            ],
            "output_columns": ["image", "text_seq"], "net_input_column_index": [0], "label_column_index": [1],
        },
        "loader": {"shuffle": True, "batch_size": 2, "drop_remainder": True, "max_rowsize": 12, "num_workers": 0},
    },
}  # fmt: skip


@pytest.fixture
def flat() -> dict[str, Any]:
    """Training and evaluation, which differ in their columns alone."""
    values = copy.deepcopy(FLAT)
    values["eval"] = copy.deepcopy(values["train"])
    values["eval"]["loader"] |= {"shuffle": False, "drop_remainder": False}
    columns = {"output_columns": ["image", "text_padded", "text_length"], "label_column_index": [1, 2]}
    values["eval"]["dataset"] |= columns
    return values


def ops_of(values: dict[str, Any]) -> dict[str, Any]:
    pipeline = values["train"]["dataset"]["transform_pipeline"]
    return {name: arguments for op in pipeline for name, arguments in op.items()}


def test_a_file_of_mindocr_loads(
    flat: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chars.txt").write_text("a\nb\nc\n", encoding="utf-8")
    rest = {
        "system": {"mode": 0, "distribute": False, "amp_level": "O0", "seed": 42},
        "scheduler": {"scheduler": "warmup_cosine_decay", "lr": 0.001, "num_epochs": 2, "warmup_epochs": 0,
                      "decay_epochs": 2},
        "optimizer": {"opt": "adamw"},
    }  # fmt: skip
    path = tmp_path / "crnn.yaml"
    path.write_text(dump_yaml({**rest, **flat}), encoding="utf-8")
    config = load_config(path)
    assert config.postprocess == {
        "name": "CTCDecode", "character_dict_path": "chars.txt", "use_space_char": False
    }  # fmt: skip
    assert config.loss == {"name": "CTCLoss"}
    assert config.train.dataset["output_columns"] == ["image", "text_seq", "text_length"]
    assert config.eval.dataset["output_columns"] == ["image", "text", "text_length"]
    assert "postprocess.name: RecCTCLabelDecode is CTCDecode here; the blank is class 0" in caplog.text
    for key in ("metric.print_flag", "metric.device_num", "loss.pred_seq_len", "model.head.weight_init",
                "train.dataset.extra_data_num", "train.dataset.label_column_index"):  # fmt: skip
        assert key in caplog.text


def test_labels_keep_their_meaning(flat: dict[str, Any]) -> None:
    given = ops_of(upgrade(flat).values)
    assert list(given) == [
        "DecodeImage", "RecLabelEncode", "ResizeTextLine", "NormalizeImage", "ToCHWImage", "PadTextLine",
    ]  # fmt: skip
    assert given["RecLabelEncode"] == {
        "max_text_len": 24, "use_space_char": False, "unknown": "drop", "character_dict_path": "chars.txt",
        "lower": False,
    }  # fmt: skip


def test_without_a_dictionary_mindocr_reads_digits_and_small_letters(flat: dict[str, Any]) -> None:
    flat["postprocess"] = {"name": "CTCLabelDecode", "character_dict_path": None}
    flat["train"]["dataset"]["transform_pipeline"][1] = {"RecCTCLabelEncode": None}
    values = upgrade(flat).values
    characters = "0123456789abcdefghijklmnopqrstuvwxyz"
    assert values["postprocess"] == {"name": "CTCDecode", "use_space_char": False, "characters": characters}
    assert ops_of(values)["RecLabelEncode"] == {
        "max_text_len": 23, "use_space_char": False, "unknown": "drop", "lower": True, "characters": characters
    }  # fmt: skip


def test_a_pipeline_as_a_mapping_stays_one(flat: dict[str, Any]) -> None:
    flat["train"]["dataset"]["transform_pipeline"] = {"DecodeImage": None, "RecCTCLabelEncode": {"max_text_len": 9}}
    pipeline = upgrade(flat).values["train"]["dataset"]["transform_pipeline"]
    assert list(pipeline) == ["DecodeImage", "RecLabelEncode"] and pipeline["RecLabelEncode"]["max_text_len"] == 9


@pytest.mark.parametrize(
    ("op", "advice"),
    [
        ("RecResizeImg", "use ResizeTextLine"),
        ("SVTRRecResizeImg", "use ResizeTextLine"),
        ("SVTRRecAug", "no such augmentation of text lines; use RecAug"),
        ("RecAttnLabelEncode", "belongs to recognisers without CTC"),
        ("Rotate90IfVertical", "CropTextLine"),
    ],
)
def test_ops_without_counterpart_are_named_once(flat: dict[str, Any], tmp_path: Path, op: str, advice: str) -> None:
    flat["train"]["dataset"]["transform_pipeline"].insert(2, {op: {"image_shape": [32, 100]}})
    path = tmp_path / "crnn.yaml"
    path.write_text(dump_yaml(flat), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"train\.dataset\.transform_pipeline\.{op}: .*{advice}") as error:
        load_config(path)
    assert str(error.value).count(op) == 1


def test_other_data_sets(flat: dict[str, Any]) -> None:
    flat["train"]["dataset"] |= {
        "type": "LMDBDataset", "filter_max_len": True, "max_text_len": 20, "extra_count_if_repeat": True,
        "filter_zero_text_image": True, "random_choice_if_none": False, "character_dict_path": None,
    }  # fmt: skip
    flat["eval"]["dataset"] |= {"type": "LMDBDataset", "filter_max_len": False, "max_text_len": 20}
    found = upgrade(flat)
    train, test = found.values["train"]["dataset"], found.values["eval"]["dataset"]
    assert not found.problems
    assert train["type"] == test["type"] == "LMDBDataset" and "label_file" not in train
    assert train["on_error"] == "skip" and "on_error" not in test
    assert [section["transform_pipeline"][1]["RecLabelEncode"]["max_text_len"] for section in (train, test)] == [20, 24]
    assert not {"filter_max_len", "max_text_len", "extra_count_if_repeat", "character_dict_path"} & set(train)
    notes = " ".join(found.notes)
    assert "train.dataset: filter_max_len, filter_zero_text_image: on_error: skip of the data set leaves out" in notes
    assert "train.dataset.label_file" in notes and "train.dataset.extra_count_if_repeat" in notes
    flat["train"]["dataset"]["label_standandize"] = True
    assert "normalised as NFKD" in dict(upgrade(flat).problems)["train.dataset.label_standandize"]


def test_augmentations_of_lines_have_the_keys_of_mindocr(flat: dict[str, Any]) -> None:
    ops = [{"RecConAug": {"prob": 0.3, "image_shape": [48, 320, 3], "max_text_length": 25, "ext_data_num": 1}},
           {"RecAug": {"tia_prob": 0.4, "crop_prob": 0.2, "hsv_aug_prob": 0.1}}]  # fmt: skip
    flat["train"]["dataset"]["transform_pipeline"][2:2] = ops
    found = upgrade(flat)
    assert not found.problems and found.values["train"]["dataset"]["transform_pipeline"][2:4] == ops
    assert check_pipeline(ops, ("image", "text")) == []


def test_our_spelling_and_other_losses_stay(flat: dict[str, Any]) -> None:
    ours = upgrade(flat).values
    assert upgrade(ours).values == ours
    flat["loss"] = {"name": "MyLoss", "batch_size": 3}
    assert upgrade(flat).values["loss"] == {"name": "MyLoss", "batch_size": 3}
