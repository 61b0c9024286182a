"""Flat configurations of MindSpore's model zoo: every key is translated, named as unused, or refused."""

from __future__ import annotations

import logging

import pytest

from mindocr.config import load_config, zoo_file
from mindocr.config.compat import upgrade
from mindocr.config.parts import lookup
from mindocr.config.yaml_io import parse_yaml
from mindocr.errors import ConfigError

# The keys of default_config.yaml with values that differ from those of our recipes.
FLAT = """
enable_modelarts: False
data_url: ""
device_target: "CPU"
run_distribute: False
img_width: 480
img_height: 288
keep_ratio: True
flip_ratio: 0.0
expand_ratio: 1.0
num_anchors: 3
anchor_base: 16
anchor_height: [11, 33, 97]
anchor_width: [16]
rpn_in_channels: 256
rpn_feat_channels: 256
rpn_loss_cls_weight: 2.0
rpn_loss_reg_weight: 1.5
rpn_cls_out_channels: 2
neg_iou_thr: 0.4
pos_iou_thr: 0.6
min_pos_iou: 0.01
num_gts: 128
num_expected_neg: 256
num_expected_pos: 100
use_sigmoid_cls: False
rpn_proposal_nms_pre: 2000
input_size: 512
hidden_size: 64
warmup_mode: "linear"
batch_size: 2
momentum: 0.8
save_checkpoint: True
save_checkpoint_epochs: 10
keep_checkpoint_max: 5
save_checkpoint_path: "./run"
use_dropout: True
loss_scale: 4.0
weight_decay: 1/2000
pre_trained: "start.ckpt"
task_type: "Pretraining"
run_eval: True
save_best_ckpt: True
eval_image_path: "images"
eval_dataset_path: ""
eval_start_epoch: 4
eval_interval: 3
max_horizontal_gap: 50
text_proposals_min_scores: 0.6
text_proposals_nms_thresh: 0.3
min_v_overlaps: 0.65
min_size_sim: 0.75
min_ratio: 1.2
line_min_score: 0.8
text_proposals_width: 16
min_num_proposals: 3
train_dataset: ["coco", "icdar13", "icdar2015"]
finetune_dataset: ["flick"]
icdar13_train_path: ["images", "labels"]
pretraining_dataset_file: "ctpn_pretrain.mindrecord0"
pre_base_lr: 0.008
pre_warmup_step: 15000
pre_warmup_ratio: 1/4
pre_total_epoch: 40
fine_base_lr: 0.005
fine_warmup_step: 300
fine_warmup_ratio: 1/3
fine_total_epoch: 50
rpn_nms_pre: 1500
rpn_nms_post: 900
rpn_max_num: 800
rpn_nms_thr: 0.6
rpn_min_bbox_min_size: 8
checkpoint_path: "best.ckpt"
img_dir: ""
file_name: "cnnctc"
"""
HELP = """---
img_width: "Width of the images."
output_pah: "Where results go."
"""


def op(config, section: str, name: str) -> dict:
    ops = lookup(config.model_dump(), f"{section}.dataset.transform_pipeline")
    return next(each[name] for each in ops if name in each)


@pytest.fixture
def flat_file(tmp_path):
    """Write a flat file and return its path."""

    def write(text: str = FLAT + HELP):
        path = tmp_path / "default_config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_value_arrives(flat_file, caplog):
    with caplog.at_level(logging.WARNING):
        config = load_config(flat_file(), ["train.loader.num_workers=0"])
    assert config.system.device_target == "CPU" and config.system.val_while_train
    assert (config.system.val_start_epoch, config.system.val_interval) == (4, 3)
    for section in ("train", "eval", "predict"):
        resize = op(config, section, "DetResize")
        assert (resize["target_size"], resize["keep_ratio"]) == ([288, 480], True)
    targets = op(config, "train", "AnchorTargets")
    expected = {
        "anchor_heights": [11, 33, 97], "negative_overlap": 0.4, "positive_overlap": 0.6, "min_overlap": 0.01,
        "max_strips": 128, "num_samples": 256, "max_positives": 100,
    }  # fmt: skip
    assert expected.items() <= targets.items()
    assert config.model.head["num_anchors"] == 3 and config.model.backbone["pretrained"] == "start.ckpt"
    assert {"out_channels": 256, "hidden": 64, "dropout": 0.3}.items() <= config.model.neck.items()
    assert {"text_scale": 2.0, "box_scale": 1.5, "divisor": 256}.items() <= config.loss.items()
    lines = {
        "anchor_heights": [11, 33, 97], "max_gap": 50, "score_thresh": 0.6, "connect_nms": 0.3, "min_overlap": 0.65,
        "min_similarity": 0.75, "min_ratio": 1.2, "box_thresh": 0.8, "min_width": 48, "max_proposals": 1500,
        "proposal_nms": 0.6, "max_strips": 800,
    }  # fmt: skip
    assert lines.items() <= config.postprocess.items()
    assert (config.optimizer.momentum, config.optimizer.weight_decay) == (0.8, 1 / 2000)
    assert config.loss_scaler.loss_scale == 4
    assert (config.scheduler.lr, config.scheduler.num_epochs, config.scheduler.decay_epochs) == (0.008, 40, 40)
    assert config.scheduler.warmup_factor == 0.25
    assert config.scheduler.warmup_epochs == pytest.approx(1.77 / 2)  # 15,000 of the recipe's 30,000 updates
    assert (config.train.loader.batch_size, config.train.loader.num_workers) == (2, 0)
    assert (config.train.ckpt_save_dir, config.train.ckpt_max_keep) == ("run/ckpt_0", 5)
    assert config.train.dataset["label_file"] == [
        "cocotext/train_det_gt.txt", "icdar2013/train_det_gt.txt", "ic15/det/train/det_gt.txt",
    ]  # fmt: skip
    assert config.eval.ckpt_load_path == config.predict.ckpt_load_path == "best.ckpt"
    (note,) = [record.getMessage() for record in caplog.records if "model zoo" in record.getMessage()]
    assert "are laid over configs/det/ctpn/ctpn_vgg16_pretraining.yaml; not used: " in note
    for key in ("save_checkpoint_epochs", "eval_image_path", "pretraining_dataset_file", "icdar13_train_path",
                "rpn_min_bbox_min_size", "file_name", "expand_ratio", "rpn_proposal_nms_pre"):  # fmt: skip
        assert key in note
    assert "eval_dataset_path" not in note and "enable_modelarts" not in note  # they have no value


def test_every_key_has_one_meaning():
    groups = [set(zoo_file.MOVED), set(zoo_file.COMBINED), set(zoo_file.FIXED), set(zoo_file.IDLE)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    known = set.union(*groups)
    for key in parse_yaml(FLAT, "flat"):
        assert key in known or key.endswith("_path"), key


def test_finetuning_on_several_devices(flat_file):
    text = FLAT.replace('"Pretraining"', '"Finetune"').replace("run_distribute: False", "run_distribute: True")
    config = load_config(flat_file(text))
    assert config.system.distribute and config.model.pretrained == "start.ckpt"
    assert (config.scheduler.lr, config.scheduler.num_epochs) == (0.005, 50)
    assert config.scheduler.warmup_epochs == pytest.approx(1.02)
    assert config.scheduler.warmup_factor == pytest.approx(1 / 3)
    assert config.train.dataset["label_file"] == ["scut_foru/english_det_gt.txt"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("anchor_base: 16", "anchor_base: 8", "anchor_base: expected 16, got 8"),
        ("use_sigmoid_cls: False", "use_sigmoid_cls: True", "use_sigmoid_cls: expected False, got True"),
        ("hidden_size: 64", "hiden_size: 64", r"hiden_size: unknown key \(did you mean 'hidden_size'\?\)"),
        ('"icdar13"', '"icdar14"', r"train_dataset: unknown data set 'icdar14' \(did you mean 'icdar201[135]'\?\)"),
        ('["coco", "icdar13", "icdar2015"]', '"coco"', "train_dataset: expected a list of data sets, got 'coco'"),
        ("1/2000", "__import__('os')", 'weight_decay: expected a number or a calculation such as 1/3, got "__imp'),
        ("1/4", "1/0", "pre_warmup_ratio: expected a number or a calculation such as 1/3, got '1/0'"),
        ("img_width: 480", "img_width: wide", "img_width: expected a number, got 'wide'"),
        ('"Pretraining"', '"Testing"', "task_type: expected Pretraining or Finetune, got 'Testing'"),
        ('"CPU"', '"GPU"', "system.device_target: expected 'auto', 'CPU' or 'Ascend', got 'GPU'"),
        ("hidden_size: 64", "hidden_size: [64]", "model.neck.hidden"),
    ],
)
def test_wrong_values_are_refused(flat_file, old, new, message):
    assert old in FLAT
    with pytest.raises(ConfigError, match=message):
        load_config(flat_file(FLAT.replace(old, new)))


def test_other_files_are_not_taken_for_one():
    assert not zoo_file.is_zoo_file({"model": {}, "num_anchors": 3})
    assert upgrade({"num_anchors": 3}).values == {"num_anchors": 3}


def test_documents_after_the_first(flat_file):
    assert parse_yaml("a: 1\n---\na: help\n", "x", help_follows=True) == {"a": 1}
    for text, help_follows in (
        ("a: 1\n---\nb: c\n", False),
        ("a: {b: 1}\n---\na: c\n", True),
        ("a: 1\n---\nb: 2\n", True),
    ):
        with pytest.raises(ConfigError, match="x: 2 documents, separated by lines of ---; expected one"):
            parse_yaml(text, "x", help_follows=help_follows)
