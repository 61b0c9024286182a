"""Translates flat configurations of MindSpore's model zoo (``default_config.yaml``), for :mod:`mindocr.config.compat`.

Such a file has no sections. It becomes the recipe of its task with the file's values over it; sections of ours that the
file has as well, such as those of ``-o``, come last.
"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mindocr.config.merge import merge
from mindocr.config.parts import DATASET_PATHS, lookup
from mindocr.config.read import resolve
from mindocr.config.recipes import find_config
from mindocr.config.schema import Config
from mindocr.registry import suggest

MARKS = frozenset({"num_anchors", "rpn_loss_reg_weight", "text_proposals_nms_thresh"})  # keys of the one known file

_TARGETS = "train.dataset.transform_pipeline.AnchorTargets"
_RESIZE = tuple(f"{path}.transform_pipeline.DetResize" for path in DATASET_PATHS)

# Key -> keys of ours that get its value.
MOVED: dict[str, tuple[str, ...]] = {
    "run_distribute": ("system.distribute",), "device_target": ("system.device_target",),
    "device_id": ("system.device_id",), "keep_ratio": tuple(f"{op}.keep_ratio" for op in _RESIZE),
    "num_anchors": ("model.head.num_anchors",), "rpn_feat_channels": ("model.neck.out_channels",),
    "anchor_height": (f"{_TARGETS}.anchor_heights", "postprocess.anchor_heights"),
    "hidden_size": ("model.neck.hidden",), "rpn_loss_cls_weight": ("loss.text_scale",),
    "rpn_loss_reg_weight": ("loss.box_scale",), "neg_iou_thr": (f"{_TARGETS}.negative_overlap",),
    "pos_iou_thr": (f"{_TARGETS}.positive_overlap",), "min_pos_iou": (f"{_TARGETS}.min_overlap",),
    "num_gts": (f"{_TARGETS}.max_strips",), "num_expected_neg": (f"{_TARGETS}.num_samples", "loss.divisor"),
    "num_expected_pos": (f"{_TARGETS}.max_positives",), "rpn_nms_pre": ("postprocess.max_proposals",),
    "rpn_nms_thr": ("postprocess.proposal_nms",), "batch_size": ("train.loader.batch_size",),
    "momentum": ("optimizer.momentum",), "weight_decay": ("optimizer.weight_decay",),
    "loss_scale": ("loss_scaler.loss_scale",), "keep_checkpoint_max": ("train.ckpt_max_keep",),
    "run_eval": ("system.val_while_train",), "eval_start_epoch": ("system.val_start_epoch",),
    "eval_interval": ("system.val_interval",), "max_horizontal_gap": ("postprocess.max_gap",),
    "text_proposals_min_scores": ("postprocess.score_thresh",),
    "text_proposals_nms_thresh": ("postprocess.connect_nms",), "min_v_overlaps": ("postprocess.min_overlap",),
    "min_size_sim": ("postprocess.min_similarity",), "min_ratio": ("postprocess.min_ratio",),
    "line_min_score": ("postprocess.box_thresh",),
    "checkpoint_path": ("eval.ckpt_load_path", "predict.ckpt_load_path"),
}  # fmt: skip

# Keys that are translated together with others, or in another way.
COMBINED = (
    "task_type", "pre_trained", "img_width", "img_height", "rpn_nms_post", "rpn_max_num", "min_num_proposals",
    "use_dropout", "save_checkpoint_path", "pretraining_dataset", "pretrain_dataset",
    "train_dataset", "finetune_dataset",
    *(f"{task}_{key}" for task in ("pre", "fine") for key in ("base_lr", "warmup_step", "warmup_ratio", "total_epoch")),
)  # fmt: skip

_COUNTED = ("img_width", "img_height", "rpn_nms_post", "rpn_max_num", "min_num_proposals", "pre_warmup_step",
            "fine_warmup_step")  # fmt: skip

# Keys with one possible value.
FIXED: dict[str, Any] = {
    "anchor_base": 16, "anchor_width": [16], "rpn_cls_out_channels": 2, "use_sigmoid_cls": False, "input_size": 512,
    "warmup_mode": "linear", "text_proposals_width": 16,
}  # fmt: skip

_DATA = "docs/datasets.md: label folders and MindRecord files of the model zoo are replaced by label files"
_MODELARTS = "the commands take it as an option"
_THERE = "it has no effect in the model zoo either"
_NEWEST = "the newest weights are saved after every epoch, the best ones after every evaluation"
_EXPORT = "options of 'mindocr export'"
_TRAINING = "training makes no proposals"
IDLE: dict[str, str] = {
    **dict.fromkeys(("save_checkpoint", "save_checkpoint_epochs", "save_best_ckpt"), _NEWEST),
    **dict.fromkeys(("flip_ratio", "photo_ratio", "rpn_in_channels", "activate_num_classes"), _THERE),
    **dict.fromkeys(("rpn_min_bbox_min_size", "rpn_nms_across_levels", "use_python_proposal"), _THERE),
    **dict.fromkeys(("test_iou_thr", "test_max_per_img", "test_batch_size"), _THERE),
    **{f"rpn_proposal_{key}": _TRAINING
       for key in ("nms_across_levels", "nms_pre", "nms_post", "max_num", "nms_thr", "min_bbox_size")},
    "expand_ratio": "the ops of train.dataset.transform_pipeline change the images",
    **dict.fromkeys(("file_name", "file_format", "ckpt_file"), _EXPORT),
    **dict.fromkeys(("export_dataset_path", "result_path", "label_path"), "'mindocr predict' reads model files itself"),
    **dict.fromkeys(("enable_modelarts", "data_url", "train_url", "checkpoint_url", "data_path", "output_path"),
                    _MODELARTS),
    **dict.fromkeys(("load_path", "modelarts_home", "object_name", "enable_profiling", "modelarts_dataset_unzip_name"),
                    "it belongs to the model zoo's own scripts"),
    **dict.fromkeys(
        ("coco_root", "coco_train_data_type", "cocotext_json", "test_dataset", "pretraining_dataset_file",
         "pretrain_dataset_file", "finetune_dataset_file", "test_dataset_file", "pretrain_dataset_path",
         "finetune_dataset_path", "test_dataset_path", "dataset_path", "image_path", "img_dir", "eval_dataset_path",
         "eval_image_path"),
        _DATA,
    ),
}  # fmt: skip
_DATA_ENDINGS = ("_train_path", "_test_path", "_prefix")  # of one key for each data set

# Name of a data set -> folder of its images, and label file, below dataset_root.
DATA_SETS: dict[str, tuple[str, str]] = {
    "coco": ("cocotext/train2014", "cocotext/train_det_gt.txt"),
    "flick": ("scut_foru/English2k/word_img", "scut_foru/english_det_gt.txt"),
    "icdar2011": ("borndigital/images", "borndigital/train_det_gt.txt"),
    "icdar2013": ("icdar2013/Challenge2_Training_Task12_Images", "icdar2013/train_det_gt.txt"),
    "icdar2015": ("ic15/det/train/ch4_training_images", "ic15/det/train/det_gt.txt"),
    "svt": ("svt1", "svt1/train_det_gt.txt"),
    "icdar17_mlt": ("MLT_2017/train", "MLT_2017/train_det_gt.txt"),
}
_SHORT = {"icdar11": "icdar2011", "icdar13": "icdar2013", "icdar15": "icdar2015"}


class _Task(NamedTuple):
    """A task of the model zoo: its recipe, the prefix of its schedule, its keys of data sets, where weights go."""

    recipe: str
    prefix: str
    data: tuple[str, ...]
    weights: str
    warmup_steps: int  # for which the recipe has its ``warmup_epochs``


TASKS = {
    "pretraining": _Task(
        "configs/det/ctpn/ctpn_vgg16_pretraining.yaml", "pre",
        ("pretraining_dataset", "pretrain_dataset", "train_dataset"), "model.backbone.pretrained", 30_000,
    ),
    "finetune": _Task(
        "configs/det/ctpn/ctpn_vgg16_finetuning.yaml", "fine", ("finetune_dataset",), "model.pretrained", 300
    ),
}  # fmt: skip


class Translated(NamedTuple):
    """As :class:`mindocr.config.compat.Upgraded`: values in our sections, notes, and problems as (path, text)."""

    values: dict[str, Any]
    notes: list[str]
    problems: list[tuple[str, str]]


def is_zoo_file(raw: Mapping[str, Any]) -> bool:
    """Whether a configuration is such a flat file, possibly with overrides of ours."""
    return raw.keys() >= MARKS


def translate(raw: Mapping[str, Any]) -> Translated:
    """Our sections for a flat file.

    Args:
        raw: the file, with overrides; not changed.
    """
    flat = {key: value for key, value in raw.items() if key not in Config.model_fields}
    problems = list(_wrong(flat))
    name = str(flat.get("task_type", "Finetune"))
    task = TASKS.get(name.lower())
    if task is None:
        problems.append(("task_type", f"expected Pretraining or Finetune, got {name!r}"))
        task = TASKS["finetune"]
    recipe = task.recipe.replace(".yaml", "_8p.yaml") if flat.get("run_distribute") is True else task.recipe
    values = resolve(find_config(recipe, quiet=True))
    for path, value in _moved(flat, task, lookup(values, "scheduler.warmup_epochs"), problems):
        values = merge(values, _nested(path, value))
    values = merge(values, {key: value for key, value in raw.items() if key in Config.model_fields})
    note = f"a flat configuration of MindSpore's model zoo; its values are laid over {recipe}{_unused(flat)}"
    return Translated(dict(values), [note], problems)


def _moved(
    flat: Mapping[str, Any], task: _Task, warmup_epochs: float, problems: list[tuple[str, str]]
) -> Iterator[tuple[str, Any]]:
    """All (key of ours, value); values that cannot be read are added to ``problems``."""
    for key, paths in MOVED.items():
        for path in paths if flat.get(key) not in (None, "") else ():
            yield path, _number(flat[key]) if key == "weight_decay" else flat[key]
    size = _numbers(flat, "img_height", "img_width")
    for op in _RESIZE if len(size) == 2 else ():
        yield f"{op}.target_size", size
    if kept := _numbers(flat, "rpn_nms_post", "rpn_max_num"):
        yield "postprocess.max_strips", min(kept)
    if strips := _numbers(flat, "min_num_proposals"):
        yield "postprocess.min_width", strips[0] * FIXED["text_proposals_width"]
    if flat.get("use_dropout"):
        yield "model.neck.dropout", 0.3
    if "save_checkpoint_path" in flat:
        yield "train.ckpt_save_dir", str(Path(str(flat["save_checkpoint_path"])) / "ckpt_0")
    if flat.get("pre_trained"):
        yield task.weights, flat["pre_trained"]
    yield from _schedule(flat, task, warmup_epochs)
    yield from _data_sets(flat, task, problems)


def _schedule(flat: Mapping[str, Any], task: _Task, warmup_epochs: float) -> Iterator[tuple[str, Any]]:
    own = {key: flat.get(f"{task.prefix}_{key}") for key in ("base_lr", "warmup_ratio", "total_epoch")}
    if own["base_lr"] is not None:
        yield "scheduler.lr", own["base_lr"]
    if steps := _numbers(flat, f"{task.prefix}_warmup_step"):
        yield "scheduler.warmup_epochs", warmup_epochs * steps[0] / task.warmup_steps
    if own["warmup_ratio"] is not None:
        yield "scheduler.warmup_factor", _number(own["warmup_ratio"])
    if own["total_epoch"] is not None:
        yield "scheduler.num_epochs", own["total_epoch"]
        yield "scheduler.decay_epochs", own["total_epoch"]  # the curve is as long as the run, warm-up included


def _data_sets(flat: Mapping[str, Any], task: _Task, problems: list[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """Folders and label files of the data sets of the task, in the spellings ``icdar13`` and ``icdar2013``."""
    key = next((key for key in task.data if flat.get(key)), "")
    given = flat.get(key, [])
    if not isinstance(given, list):
        problems.append((key, f"expected a list of data sets, got {given!r}"))
        return
    names = [_SHORT.get(str(name), str(name)) for name in given]
    if unknown := [name for name in names if name not in DATA_SETS]:
        hint = suggest(unknown[0], DATA_SETS) or f"; known: {', '.join(DATA_SETS)}"
        problems.append((key, f"unknown data set '{unknown[0]}'{hint}"))
    elif names:
        folders, labels = zip(*(DATA_SETS[name] for name in names))
        yield "train.dataset.data_dir", list(folders)
        yield "train.dataset.label_file", list(labels)
        yield "train.dataset.sample_ratio", [1.0] * len(names)


def _wrong(flat: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that no such file has, and values that have no counterpart here."""
    known = (*MOVED, *COMBINED, *FIXED, *IDLE)
    for key, value in flat.items():
        if key in FIXED and value != FIXED[key]:
            yield key, f"expected {FIXED[key]!r}, got {value!r}: there is no other choice here"
        elif key not in known and not key.endswith(_DATA_ENDINGS):
            yield key, f"unknown key{suggest(key, known)}; a flat configuration of the model zoo has no such key"
    for key in ("weight_decay", "pre_warmup_ratio", "fine_warmup_ratio"):
        if key in flat and not _is_number(_number(flat[key])):
            yield key, f"expected a number or a calculation such as 1/3, got {flat[key]!r}"
    for key in _COUNTED:
        if key in flat and not _is_number(flat[key]):
            yield key, f"expected a number, got {flat[key]!r}"


def _numbers(flat: Mapping[str, Any], *keys: str) -> list[Any]:
    """The values of the keys that the file has; those that are no numbers are left out."""
    return [flat[key] for key in keys if key in flat and _is_number(flat[key])]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unused(flat: Mapping[str, Any]) -> str:
    """What the note says about keys without an effect that have a value."""
    groups: dict[str, list[str]] = {}
    for key, value in flat.items():
        why = IDLE.get(key, _DATA if key.endswith(_DATA_ENDINGS) else "")
        if why and value not in ("", None, [], False):
            groups.setdefault(why, []).append(key)
    listed = "; ".join(f"{', '.join(keys)} ({why})" for why, keys in groups.items())
    return f"; not used: {listed}" if listed else ""


_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def _number(value: Any) -> Any:
    """A number, also from a text such as ``1/3``; other values stay."""
    if not isinstance(value, str) or len(value) > 100:
        return value
    try:
        return _computed(ast.parse(value.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return value


def _computed(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return float(_OPERATORS[type(node.op)](_computed(node.left), _computed(node.right)))
    raise ValueError("not a calculation")


def _nested(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = {key: copy.deepcopy(value)}
    return dict(value)
