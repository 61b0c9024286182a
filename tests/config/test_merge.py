"""Merge rules, hand-computed and as properties."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.config.merge import merge
from mindocr.errors import ConfigError

OPS = [{"DecodeImage": {"img_mode": "RGB"}}, {"RandomRotate": {"p": 1.0, "degrees": [-10, 10]}}, {"ToCHWImage": None}]


def with_ops(ops: Any) -> dict[str, Any]:
    return {"train": {"dataset": {"type": "DetDataset", "transform_pipeline": ops}}}


def ops_of(values: dict[str, Any]) -> Any:
    return values["train"]["dataset"]["transform_pipeline"]


def test_mappings_merge_and_the_rest_replaces() -> None:
    old = {"a": {"x": 1, "l": [1, 2]}, "b": 1, "c": {"d": 1}}
    assert merge(old, {"a": {"l": [3]}, "b": {"e": 2}, "c": None}) == {
        "a": {"x": 1, "l": [3]},
        "b": {"e": 2},
        "c": None,
    }


def test_new_name_drops_the_arguments_of_the_old_one() -> None:
    old = {
        "model": {"type": "det", "neck": {"name": "DBFPN", "out_channels": 256, "bias": False}, "head": {"name": "H"}}
    }
    merged = merge(old, {"model": {"neck": {"name": "RSEFPN", "shortcut": True}}})
    assert merged["model"] == {"type": "det", "neck": {"name": "RSEFPN", "shortcut": True}, "head": {"name": "H"}}


def test_same_name_keeps_the_arguments() -> None:
    old = {"loss": {"name": "DBLoss", "eps": 1e-6}}
    assert merge(old, {"loss": {"name": "DBLoss", "l1_scale": 5}})["loss"] == {
        "name": "DBLoss",
        "eps": 1e-6,
        "l1_scale": 5,
    }


def test_the_type_of_a_section_is_no_choice() -> None:
    old = {"model": {"type": "det", "head": {"name": "H"}}, "loss_scaler": {"type": "static", "loss_scale": 512}}
    merged = merge(old, {"model": {"type": "other"}, "loss_scaler": {"type": "dynamic"}})
    assert merged == {
        "model": {"type": "other", "head": {"name": "H"}},
        "loss_scaler": {"type": "dynamic", "loss_scale": 512},
    }


def test_new_optimizer_and_scheduler_keep_what_all_take() -> None:
    old = {
        "optimizer": {"opt": "SGD", "momentum": 0.9, "weight_decay": 1e-4, "filter_bias_and_bn": False},
        "scheduler": {"scheduler": "polynomial_decay", "decay_rate": 0.9, "lr": 0.007, "num_epochs": 3},
    }
    merged = merge(old, {"optimizer": {"opt": "Adam"}, "scheduler": {"scheduler": "constant"}})
    assert merged == {
        "optimizer": {"opt": "Adam", "weight_decay": 1e-4, "filter_bias_and_bn": False},
        "scheduler": {"scheduler": "constant", "lr": 0.007, "num_epochs": 3},
    }
    assert merge(old, {"optimizer": {"opt": "sgd"}})["optimizer"]["momentum"] == 0.9


def test_new_data_set_keeps_pipeline_and_columns() -> None:
    old = with_ops(OPS)
    old["train"]["dataset"] |= {"label_file": "a.txt", "output_columns": ["image"]}
    merged = merge(old, {"train": {"dataset": {"type": "SynthTextDataset", "data_dir": "s"}}})
    assert merged["train"]["dataset"] == {
        "type": "SynthTextDataset", "data_dir": "s", "transform_pipeline": OPS, "output_columns": ["image"],
    }  # fmt: skip


def test_mapping_over_a_pipeline_patches_keeps_and_drops() -> None:
    patch = {"DecodeImage": {"to_float32": True}, "RandomRotate": "drop", "ToCHWImage": None}
    merged = merge(with_ops(OPS), with_ops(patch) | {})
    assert ops_of(merged) == [{"DecodeImage": {"img_mode": "RGB", "to_float32": True}}, {"ToCHWImage": None}]


def test_list_over_a_pipeline_replaces_it() -> None:
    assert ops_of(merge(with_ops(OPS), with_ops([{"ToCHWImage": None}]))) == [{"ToCHWImage": None}]


def test_op_without_arguments_gets_some() -> None:
    assert ops_of(merge(with_ops(["DetLabelEncode"]), with_ops({"DetLabelEncode": {"a": 1}}))) == [
        {"DetLabelEncode": {"a": 1}}
    ]


@pytest.mark.parametrize(
    ("ops", "patch", "message"),
    [
        (
            OPS,
            {"RandomRotat": {"p": 1}},
            r"transform_pipeline\.RandomRotat: .* no op 'RandomRotat' \(did you mean 'RandomRotate'",
        ),
        (OPS, {"Xyz": None}, "its ops: DecodeImage, RandomRotate, ToCHWImage"),
        (OPS, {"RandomRotate": 3}, "expected arguments such as .* 'drop' .* got 3"),
        ([{"A": None}, {"A": None}], {"A": "drop"}, r"appears at .*\[0\] and .*\[1\]"),
    ],
)
def test_patches_that_do_not_fit(ops: list[Any], patch: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge(with_ops(ops), with_ops(patch))


keys = st.sampled_from(["a", "b", "c", "name", "type"])
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
trees = st.dictionaries(
    keys, st.recursive(scalars, lambda t: st.dictionaries(keys, t, max_size=3), max_leaves=6), max_size=4
)


@given(trees, trees)
def test_merge_properties(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy((old, new))
    merged = merge(old, new)
    assert (old, new) == before
    assert merge(old, {}) == old
    assert merge({}, new) == new
    assert merge(merged, new) == merged
    assert set(merged) == set(old) | set(new)
