"""The check reports all problems at once, one line each."""

from __future__ import annotations

from typing import Any

import pytest

from mindocr.config.check import check
from mindocr.config.merge import merge
from mindocr.config.overrides import apply_overrides
from mindocr.errors import ConfigError


def problems(raw: dict[str, Any], *overrides: str) -> list[str]:
    """Lines of the message, without the head."""
    with pytest.raises(ConfigError) as caught:
        check(apply_overrides(raw, overrides), "f.yaml")
    head, *lines = str(caught.value).split("\n")
    assert head == f"f.yaml: {len(lines)} problem{'s' if len(lines) != 1 else ''}"
    return [line.removeprefix("  ") for line in lines]


def test_a_good_configuration_passes(raw: dict[str, Any]) -> None:
    assert check(raw, "f.yaml").train.loader.batch_size == 10


def test_the_message_of_the_house(raw: dict[str, Any]) -> None:
    raw["model"]["neck"] = {"name": "DBFPN", "out_chanels": 256}
    del raw["train"]["loader"]["batch_size"]
    with pytest.raises(ConfigError) as caught:
        check(raw, "configs/det/dbnet/db_r50_icdar15.yaml")
    assert str(caught.value) == (
        "configs/det/dbnet/db_r50_icdar15.yaml: 2 problems\n"
        "  train.loader.batch_size: required\n"
        "  model.neck.out_chanels: DBFPN has no argument 'out_chanels' (did you mean 'out_channels'?)"
    )


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("system.modes=1", "system.modes: unknown key 'modes' (did you mean 'mode'?)"),
        ("system.zzz=1", "system.zzz: unknown key 'zzz'; known: mode, distribute, device_target"),
        ("train.batch_size=1", "train.batch_size: unknown key 'batch_size' (did you mean 'train.loader.batch_size'"),
        ("sytem={}", "sytem: unknown key 'sytem' (did you mean 'system'?)"),
        ("system.mode=2", "system.mode: expected 0 or 1, got 2"),
        ("system.amp_level=o2", "system.amp_level: expected 'O0', 'O1', 'O2' or 'O3', got 'o2' (did you mean 'O2'?)"),
        ("system.seed=-1", "system.seed: expected a number of at least 0, got -1"),
        ("system.distribute=1", "system.distribute: expected True or False, got 1"),
        ("train.loader.batch_size='4'", "train.loader.batch_size: expected a whole number, got '4'"),
        ("train.loader.batch_size=0", "train.loader.batch_size: expected a number of at least 1, got 0"),
        ("train.loader=3", "train.loader: expected a mapping (key: value), got 3"),
        ("train.resume=3", "train.resume: expected text or nothing, got 3"),
        ("model.pretrained=3", "model.pretrained: expected text, True or False or nothing, got 3"),
        ("model.transform=STN", "model.transform: expected nothing, got 'STN'"),
        ("model.neck=3", "model.neck: expected a mapping (key: value) or nothing, got 3"),
        ("optimizer.opt=sdg", "'Lamb', 'Lion' or 'Adan', got 'sdg'"),
        ("scheduler.lr=.nan", "scheduler.lr: expected a finite number, got nan"),
        ("scheduler.scheduler=cosine_decy", "got 'cosine_decy' (did you mean 'cosine_decay'?)"),
        ("scheduler.num_epochs=null", "scheduler.num_epochs: expected a whole number, got None"),
        ("scheduler.scheduler=multi_step_decay", "scheduler.milestones: multi_step_decay needs"),
        ("scheduler.warmup_epochs=-1", "scheduler.warmup_epochs: expected a number of at least 0"),
        ("model.neck.name=DBFPM", "model.neck.name: unknown neck 'DBFPM' (did you mean 'DBFPN'?)"),
        ("model.head.k=fifty", "model.head.k: "),
        ("metric.protocol=icdar2014", "metric.protocol: unknown protocol 'icdar2014' (did you mean 'icdar2015'?)"),
        ("metric.protocol_args={rule: x}", "metric.protocol_args.rule: icdar2015 has no argument 'rule'"),
        ("loss.epsilon=1", "loss.epsilon: DBLoss has no argument 'epsilon'"),
        ("train.dataset.label_fil=x",
         "train.dataset.label_fil: DetDataset has no argument 'label_fil' (did you mean 'label_file'?)"),
        ("train.dataset.type=DetDatset",
         "train.dataset.type: unknown dataset 'DetDatset' (did you mean 'DetDataset'?)"),
        ("train.dataset.type=[1]", "train.dataset.type: unknown dataset"),
        ("train.dataset.transform_pipeline[4].RandomRotate.degres=3",
         "train.dataset.transform_pipeline[4].RandomRotate.degres: RandomRotate has no argument 'degres'"),
        ("train.dataset.transform_pipeline[4]={RandomRotat: null}",
         "train.dataset.transform_pipeline[4].RandomRotat: unknown"),
        ("train.dataset.transform_pipeline[4]=3", "train.dataset.transform_pipeline[4]: expected one op"),
        ("eval.dataset.transform_pipeline=null",
         "eval.dataset.transform_pipeline: expected a list of ops, got None"),
        ("train.dataset.transform_pipeline=[]", "train.dataset.output_columns: no op writes 'image'"),
        ("train.dataset.transform_pipeline=3", "train.dataset.transform_pipeline: expected a list of ops, got 3"),
        ("train.dataset.transform_pipeline.DetLabelEncode=drop",
         "train.dataset.transform_pipeline[5].RandomCropWithBBox: reads 'polys', which no op before it writes"),
        ("train.dataset.output_columns=[image, binary_map, mask, thresh_map]",
         "train.dataset.output_columns: lacks thresh_mask, which the network and DBLoss read"),
        ("train.dataset.output_columns=[image, binary_map, mask, thresh_map, thresh_mask, bogus]",
         "train.dataset.output_columns: no op writes 'bogus'"),
        ("eval.dataset.output_columns=[image, polys, ignore_tags]",
         "eval.dataset.output_columns: lacks shape_list, which evaluation read"),
        ("eval=null", "eval: required for evaluation during training; add it, or set system.val_while_train: False"),
    ],
)  # fmt: skip
def test_one_mistake_one_line(raw: dict[str, Any], override: str, line: str) -> None:
    found = problems(raw, override)
    assert any(line in text for text in found), found


def test_evaluation_may_be_absent_without_val_while_train(raw: dict[str, Any]) -> None:
    for section in ("eval", "metric", "postprocess", "predict"):
        del raw[section]
    assert len(problems(raw)) == 3
    assert check(merge(raw, {"system": {"val_while_train": False}}), "f.yaml").eval is None


def test_patch_without_a_pipeline_below_is_explained(raw: dict[str, Any]) -> None:
    raw["train"]["dataset"]["transform_pipeline"] = {"RandomRotate": "drop"}
    assert "patches the ops of a base file, and there is none" in problems(raw)[0]


def test_part_without_a_name(raw: dict[str, Any]) -> None:
    raw["model"]["neck"] = {"out_channels": 3}
    assert problems(raw)[0].startswith("model.neck.name: required; known: DBFPN")


def test_known_problems_join_the_message(raw: dict[str, Any]) -> None:
    raw["system"]["mode"] = 3
    with pytest.raises(ConfigError, match="f.yaml: 2 problems\n  a.b: c\n  system.mode"):
        check(raw, "f.yaml", [("a.b", "c")])


def test_further_data_sets_of_evaluation_are_checked_too(raw: dict[str, Any]) -> None:
    also = "eval.also={old: {label_fil: x.txt}, new: {label_file: y.txt}}"
    (found,) = problems(raw, also)
    assert found.startswith("eval.also.old.label_fil: DetDataset has no argument 'label_fil'")
