"""Translates old keys: those of MindOCR and those of earlier versions. No other module knows them.

Those of recognisers are in :mod:`mindocr.config.compat_rec`.
Flat files of MindSpore's model zoo are translated first, by :mod:`mindocr.config.zoo_file`.

Most of MindOCR's keys are the same here. The differences: columns chosen by index, the checkpoint policy under
``system``, ``resume`` under ``model``, and keys that have no effect here. From earlier versions: ``train.tensorboard``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from mindocr.config import compat_rec, zoo_file
from mindocr.config.parts import DATASET_PATHS, lookup
from mindocr.config.schema import Train
from mindocr.errors import ConfigError
from mindocr.registry import LOSSES

_SECTIONS = ("train", "eval", "predict")
_INDEX_KEYS = ("net_input_column_index", "label_column_index", "meta_data_column_index")

# Key -> why it has no effect here. Accepted in every section of its kind.
_BY_NAME = "columns are chosen by name"
_IDLE_DATASET_KEYS = {
    "use_minddata": "there is one data pipeline",
    "num_columns_of_labels": _BY_NAME,
    "num_columns_to_net": _BY_NAME,
    "num_keys_of_labels": _BY_NAME,
    "num_keys_to_net": _BY_NAME,
}
_NOT_READ = "prediction loads the columns that it needs"
_IDLE_LOADER_KEYS = {"max_rowsize": "memory for a batch is sized by the batch"}
_NO_QUEUE = "only training uses the device's queue"
# Of evaluation and prediction, which read every image in the order of the list.
_IDLE_ORDER_KEYS = {
    "dataset.shuffle": "scores do not depend on the order",
    "loader.shuffle": "scores do not depend on the order",
    "loader.drop_remainder": "no image is left out",
}
_IDLE_KEYS = {
    "common": "its values are used through YAML anchors",
    "train.pred_cast_fp32": "losses are always computed in float32",
    "eval.pred_cast_fp32": "losses are always computed in float32",
    "eval.dataset_sink_mode": _NO_QUEUE,
    "predict.dataset_sink_mode": _NO_QUEUE,
    "predict.dataset.label_file": "prediction reads no labels",
    "system.log_level": "the log has one level",
    "system.refine_batch_size": "evaluation takes any batch size",
    "train.max_call_depth": "the networks here are not that deep",
    **{f"{path}.{key}": why for path in DATASET_PATHS for key, why in _IDLE_DATASET_KEYS.items()},
    **{f"{section}.loader.{key}": why for section in _SECTIONS for key, why in _IDLE_LOADER_KEYS.items()},
    **{f"{section}.{key}": why for section in ("eval", "predict") for key, why in _IDLE_ORDER_KEYS.items()},
}

# Keys that are translated or checked and then dropped, besides those of _IDLE_KEYS.
_TRANSLATED = (
    "system.ckpt_save_policy", "system.ckpt_max_keep", "model.resume", "train.tensorboard", "train.dataset.shuffle",
    "optimizer.grouping_strategy", "optimizer.no_weight_decay_params",
    *(f"{path}.{key}" for path in DATASET_PATHS for key in (*_INDEX_KEYS, "mindrecord")),
    *(f"{section}.loader.prefetch_size" for section in _SECTIONS),
)  # fmt: skip


class Upgraded(NamedTuple):
    """A configuration in today's spelling, notes for the log, and problems as (path, text)."""

    values: dict[str, Any]
    notes: list[str]
    problems: list[tuple[str, str]]


def upgrade(raw: Mapping[str, Any]) -> Upgraded:
    """Translate old keys into today's; all other values stay the same. ``raw`` is not changed."""
    result = (
        Upgraded(*zoo_file.translate(raw)) if zoo_file.is_zoo_file(raw) else Upgraded(copy.deepcopy(dict(raw)), [], [])
    )
    recognition = compat_rec.translate(result.values)
    result.problems.extend(recognition.problems)
    idle = [(key, _BY_NAME) for path in DATASET_PATHS for key in _columns_by_name(result, path)]
    idle += _prediction_columns(result)
    idle += recognition.idle
    idle += _mindrecord(result)
    _checkpoint_policy(result)
    _resume(result)
    _tensorboard(result)
    _weight_decay_groups(result)
    _move(result, "train.dataset.shuffle", "train.loader.shuffle")
    for section in _SECTIONS:
        _move(result, f"{section}.loader.prefetch_size", f"{section}.loader.prefetch")
    idle += [(key, why) for key, why in _IDLE_KEYS.items() if _take(result.values, key) is not _ABSENT]
    if idle:
        result.notes.append(_name_idle(idle))
    result.notes.extend(dict.fromkeys(recognition.notes))
    return result


def known_keys() -> list[str]:
    """Every key that is translated, checked and dropped, or without an effect."""
    return [*_TRANSLATED, *_IDLE_KEYS, *compat_rec.KEYS]


def _name_idle(idle: list[tuple[str, str]]) -> str:
    """One sentence about all pairs (key, why it has no effect)."""
    keys: dict[str, list[str]] = {}
    for key, why in idle:
        keys.setdefault(why, []).append(key)
    groups = [f"{', '.join(names)} ({why})" for why, names in keys.items()]
    return f"accepted from MindOCR, does nothing here: {'; '.join(groups)}"


def _columns_by_name(result: Upgraded, path: str) -> list[str]:
    """Turn column indices into names, check that they choose the columns that are used anyway, and drop them.

    Returns:
        The keys dropped.
    """
    columns = lookup(result.values, f"{path}.output_columns")
    chosen = {}
    if path == "predict.dataset":  # nothing reads its list of columns
        return [f"{path}.{key}" for key in _INDEX_KEYS if _take(result.values, f"{path}.{key}") not in (_ABSENT, None)]
    for key in _INDEX_KEYS:
        key_path = f"{path}.{key}"
        indices = _take(result.values, key_path)
        if indices is _ABSENT or indices is None:
            continue
        indices = [indices] if isinstance(indices, int) else indices
        if not isinstance(indices, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in indices):
            result.problems.append((key_path, f"expected a list of positions in output_columns, got {indices!r}"))
        elif not isinstance(columns, list):
            result.problems.append((key_path, "holds positions in output_columns, which is missing; add it"))
        elif wrong := [i for i in indices if not -len(columns) <= i < len(columns)]:
            result.problems.append((key_path, f"output_columns has {len(columns)} columns, no position {wrong[0]}"))
        else:
            chosen[key] = [columns[i] for i in indices]
    _compare(result, path, "net_input_column_index", chosen, ["image"], "the network takes")
    if path == "train.dataset" and "label_column_index" in chosen:
        _compare(result, path, "label_column_index", chosen, _loss_labels(result.values), "the loss takes")
    return [f"{path}.{key}" for key in chosen]


def _prediction_columns(result: Upgraded) -> list[tuple[str, str]]:
    """Columns of ``predict.dataset`` that only MindOCR knows, such as ``raw_img_shape``.

    Prediction loads the columns that the post-processing reads, whatever the file lists.
    """
    section = lookup(result.values, "predict.dataset")
    columns = section.get("output_columns") if isinstance(section, Mapping) else None
    if not isinstance(columns, list) or section.get("type") != "PredictDataset":
        return []
    from mindocr.data.sample import DetSample

    strange = [name for name in columns if str(name) not in DetSample.__annotations__]
    return [(f"predict.dataset.output_columns {name}", _NOT_READ) for name in strange]


def _compare(result: Upgraded, path: str, key: str, chosen: dict[str, list[str]], wanted: list[str], who: str) -> None:
    if wanted and key in chosen and sorted(map(str, chosen[key])) != sorted(wanted):
        result.problems.append((f"{path}.{key}", f"chooses {chosen[key]}, but {who} {wanted}; remove the key"))


def _loss_labels(values: Mapping[str, Any]) -> list[str]:
    """Labels of the loss; none if there is no such loss, which the check reports anyway."""
    try:
        return list(getattr(LOSSES.get(lookup(values, "loss.name")), "labels", ()))
    except ConfigError:
        return []


def _checkpoint_policy(result: Upgraded) -> None:
    policy = _take(result.values, "system.ckpt_save_policy")
    keep = _take(result.values, "system.ckpt_max_keep")
    if policy not in (_ABSENT, "top_k", "latest_k"):
        result.problems.append(("system.ckpt_save_policy", f"expected 'top_k' or 'latest_k', got {policy!r}"))
    elif keep is not _ABSENT:
        _put(result.values, "train.ckpt_max_keep" if policy == "latest_k" else "train.ckpt_top_k", keep)


def _resume(result: Upgraded) -> None:
    """``model.resume`` becomes ``train.resume``, True becomes ``auto``."""
    train = lookup(result.values, "train")
    if isinstance(train, dict) and isinstance(train.get("resume"), bool):
        train["resume"] = "auto" if train["resume"] else None
    value = _take(result.values, "model.resume")
    if value is _ABSENT:
        return
    wanted = ("auto" if value else None) if isinstance(value, bool) else value
    _put(result.values, "train.resume", wanted)
    kept = lookup(result.values, "train.resume")
    if wanted is not None and kept != wanted:
        result.problems.append(("model.resume", f"is {value!r}, but train.resume is {kept!r}; keep one of the two"))


def _tensorboard(result: Upgraded) -> None:
    """``train.tensorboard: True`` adds the logger of that name to ``train.loggers``."""
    value = _take(result.values, "train.tensorboard")
    if value is not _ABSENT and not isinstance(value, bool):
        text = f"expected True or False, got {value!r}; better, add 'tensorboard' to train.loggers"
        result.problems.append(("train.tensorboard", text))
    if value is not True:
        return
    _put(result.values, "train.loggers", list(Train.model_fields["loggers"].default))
    loggers = lookup(result.values, "train.loggers")
    if isinstance(loggers, list) and "tensorboard" not in loggers:
        loggers.append("tensorboard")


def _mindrecord(result: Upgraded) -> list[tuple[str, str]]:
    """``mindrecord: True`` makes ``data_dir`` a MindRecord with samples of the type that the section names.

    Returns:
        The keys that then have no effect, each with the reason.
    """
    idle = []
    for path in DATASET_PATHS:
        value = _take(result.values, f"{path}.mindrecord")
        section = lookup(result.values, path)
        if value in (_ABSENT, False, None):
            continue
        if value is not True or path == "predict.dataset":
            text = "prediction reads image files" if value is True else f"expected True or False, got {value!r}"
            result.problems.append((f"{path}.mindrecord", text))
        elif section.get("type") != "MindRecordDataset":
            section["samples_of"] = section.get("type")
            section["type"] = "MindRecordDataset"
            if section.pop("label_file", None) is not None:
                idle.append((f"{path}.label_file", "the MindRecord file in data_dir contains the labels"))
    return idle


def _weight_decay_groups(result: Upgraded) -> None:
    """``grouping_strategy`` becomes ``filter_bias_and_bn``, which a list of names without decay switches off."""
    strategy = _take(result.values, "optimizer.grouping_strategy")
    if strategy == "filter_norm_and_bias":
        _put(result.values, "optimizer.filter_bias_and_bn", True)
    elif strategy not in (_ABSENT, None):
        owner = {"svtr": " belongs to SVTR", "visionlan": " belongs to VisionLAN"}.get(str(strategy), "")
        text = f"{strategy!r}{owner}; expected 'filter_norm_and_bias', or the names in no_weight_decay_params"
        result.problems.append(("optimizer.grouping_strategy", text))
    if lookup(result.values, "optimizer.no_weight_decay_params"):
        _put(result.values, "optimizer.filter_bias_and_bn", False)


def _move(result: Upgraded, old: str, new: str) -> None:
    """Move the value at ``old`` to ``new``; a value that is there already stays."""
    value = _take(result.values, old)
    if value is not _ABSENT:
        _put(result.values, new, value)


_ABSENT: Any = object()


def _take(values: dict[str, Any], path: str) -> Any:
    """Remove and return the value at ``path``; ``_ABSENT`` if there is none."""
    above, _, key = path.rpartition(".")
    section = lookup(values, above) if above else values
    return section.pop(key, _ABSENT) if isinstance(section, dict) else _ABSENT


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *above, key = path.split(".")
    for name in above:
        if values.get(name) is None:
            values[name] = {}
        values = values[name]
        if not isinstance(values, dict):
            return
    values.setdefault(key, value)
