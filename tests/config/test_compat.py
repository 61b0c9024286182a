"""Keys of MindOCR and of earlier versions."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import pytest

from mindocr.config import load_config
from mindocr.config.compat import upgrade
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError


@pytest.fixture
def mindocr_raw(raw: dict[str, Any]) -> dict[str, Any]:
    """The reference recipe as a flat MindOCR file spells it."""
    raw["train"]["dataset"] |= {"net_input_column_index": [0], "label_column_index": [1, 2, 3, 4], "use_minddata": True}
    raw["eval"]["dataset"] |= {"net_input_column_index": [0], "label_column_index": [1, 2], "num_columns_of_labels": 2}
    raw["eval"] |= {"dataset_sink_mode": False}
    raw["eval"]["dataset"] |= {"shuffle": False}
    raw["predict"] |= {"dataset_sink_mode": False}
    raw["predict"]["loader"] |= {"shuffle": False, "drop_remainder": False}
    raw["predict"]["dataset"] |= {"net_input_column_index": [0]}
    raw["train"]["loader"]["max_rowsize"] = 64
    raw["common"] = {"batch_size": 10}
    raw["system"] |= {"ckpt_save_policy": "top_k", "ckpt_max_keep": 7}
    raw["model"]["resume"] = True
    raw["model"]["transform"] = None
    return raw


def save(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "flat.yaml"
    path.write_text(dump_yaml(values), encoding="utf-8")
    return path


def test_flat_file_loads(mindocr_raw: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="mindocr"):
        config = load_config(save(tmp_path, mindocr_raw))
    assert (config.train.resume, config.train.ckpt_top_k, config.train.ckpt_max_keep) == ("auto", 7, 1)
    assert "net_input_column_index" not in config.train.dataset
    (warning,) = caplog.messages
    assert warning.removeprefix(f"{tmp_path}/flat.yaml: ") == (
        "accepted from MindOCR, does nothing here: train.dataset.net_input_column_index, "
        "train.dataset.label_column_index, eval.dataset.net_input_column_index, eval.dataset.label_column_index, "
        "predict.dataset.net_input_column_index, eval.dataset.num_columns_of_labels (columns are chosen by name); "
        "common (its values are used through YAML anchors); eval.dataset_sink_mode, predict.dataset_sink_mode (only "
        "training uses the device's queue); train.dataset.use_minddata (there is one data pipeline); "
        "train.loader.max_rowsize (memory for a batch is sized by the batch); eval.dataset.shuffle, "
        "predict.loader.shuffle (scores do not depend on the order); predict.loader.drop_remainder (no image is left "
        "out)"
    )


def test_our_own_spelling_passes_unchanged(raw: dict[str, Any]) -> None:
    before = copy.deepcopy(raw)
    assert upgrade(raw) == (before, [], [])
    assert raw == before


def test_input_is_left_alone(mindocr_raw: dict[str, Any]) -> None:
    before = copy.deepcopy(mindocr_raw)
    upgrade(mindocr_raw)
    assert mindocr_raw == before


@pytest.mark.parametrize(
    ("section", "change", "problem"),
    [
        ("train", {"label_column_index": [1, 2, 3]},
         "label_column_index: chooses ['binary_map', 'mask', 'thresh_map'], but the loss takes ['binary_map', 'mask', "
         "'thresh_map', 'thresh_mask']; remove the key"),
        ("train", {"net_input_column_index": [1]},
         "train.dataset.net_input_column_index: chooses ['binary_map'], but the network takes ['image']"),
        ("eval", {"label_column_index": [9]},
         "eval.dataset.label_column_index: output_columns has 4 columns, no position 9"),
        ("train", {"label_column_index": "1-4"},
         "train.dataset.label_column_index: expected a list of positions in output_columns, got '1-4'"),
        ("eval", {"net_input_column_index": [0], "output_columns": None},
         "eval.dataset.net_input_column_index: holds positions in output_columns"),
    ],
)  # fmt: skip
def test_indices_that_contradict_the_names(
    raw: dict[str, Any], tmp_path: Path, section: str, change: dict[str, Any], problem: str
) -> None:
    raw[section]["dataset"] |= change
    with pytest.raises(ConfigError) as caught:
        load_config(save(tmp_path, raw))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"model": {"resume": "x.ckpt"}}, {"train": {"resume": "x.ckpt"}}),
        ({"model": {"resume": False}}, {"train": {"resume": None}}),
        ({"train": {"resume": True}}, {"train": {"resume": "auto"}}),
        ({"system": {"ckpt_save_policy": "latest_k", "ckpt_max_keep": 3}}, {"train": {"ckpt_max_keep": 3}}),
        ({"system": {"ckpt_max_keep": 3}}, {"train": {"ckpt_top_k": 3}}),
        ({"optimizer": {"grouping_strategy": "filter_norm_and_bias"}}, {"optimizer": {"filter_bias_and_bn": True}}),
        ({"train": {"loader": {"prefetch_size": 4}}}, {"train": {"loader": {"prefetch": 4}}}),
        ({"train": {"dataset": {"shuffle": True}}}, {"train": {"loader": {"shuffle": True}}}),
        ({"eval": {"dataset": {"shuffle": True}}}, {"eval": {}}),
    ],
)
def test_moved_keys(old: dict[str, Any], new: dict[str, Any]) -> None:
    values = upgrade(old).values
    for section, keys in new.items():
        assert {k: v for k, v in values[section].items() if v != {}} == keys


@pytest.mark.parametrize(
    ("model", "train", "resume", "problem"),
    [
        (True, "auto", "auto", None),
        (True, True, "auto", None),
        (False, "x.ckpt", "x.ckpt", None),
        (None, None, None, None),
        (True, "x.ckpt", "x.ckpt", "is True, but train.resume is 'x.ckpt'; keep one of the two"),
        ("a.ckpt", False, None, "is 'a.ckpt', but train.resume is None; keep one of the two"),
    ],
)
def test_resume_in_two_places(model: Any, train: Any, resume: str | None, problem: str | None) -> None:
    values, notes, problems = upgrade({"model": {"resume": model}, "train": {"resume": train}})
    assert (values, notes) == ({"model": {}, "train": {"resume": resume}}, [])
    assert problems == ([("model.resume", problem)] if problem else [])


def test_mindrecord_makes_the_folder_a_mindrecord(raw: dict[str, Any], tmp_path: Path) -> None:
    raw["eval"]["dataset"]["mindrecord"] = False
    raw["train"]["dataset"]["mindrecord"] = True
    raw["train"]["dataset"]["data_dir"] = "train.mindrecord"
    config = load_config(save(tmp_path, raw))
    assert config.eval is not None and config.eval.dataset["type"] == "DetDataset"
    read = config.train.dataset
    assert (read["type"], read["samples_of"], read["data_dir"]) == (
        "MindRecordDataset", "DetDataset", "train.mindrecord"
    )  # fmt: skip
    assert "label_file" not in read and "mindrecord" not in read
    note = "train.dataset.label_file (the MindRecord file in data_dir contains the labels)"
    assert note in upgrade(raw).notes[-1]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("train", "yes", "expected True or False, got 'yes'"),
        ("predict", True, "prediction reads image files"),
    ],
)
def test_mindrecord_elsewhere(path: str, value: Any, text: str) -> None:
    assert upgrade({path: {"dataset": {"type": "DetDataset", "mindrecord": value}}}).problems == [
        (f"{path}.dataset.mindrecord", text)
    ]


@pytest.mark.parametrize("wrong", ["NoDataset", "MindRecordDataset"])
def test_samples_of_an_unknown_type(raw: dict[str, Any], tmp_path: Path, wrong: str) -> None:
    raw["train"]["dataset"] |= {"type": "MindRecordDataset", "samples_of": wrong}
    del raw["train"]["dataset"]["label_file"]
    with pytest.raises(ConfigError, match=rf"1 problem\n  train\.dataset\.samples_of: .*{wrong}"):
        load_config(save(tmp_path, raw))


def test_unknown_checkpoint_policy(raw: dict[str, Any]) -> None:
    raw["system"]["ckpt_save_policy"] = "all"
    assert upgrade(raw).problems == [("system.ckpt_save_policy", "expected 'top_k' or 'latest_k', got 'all'")]
