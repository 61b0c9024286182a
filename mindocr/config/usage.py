"""Which command uses which sections: what is wrong elsewhere in a file does not stop the command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mindocr.config.parts import lookup
from mindocr.config.schema import Config
from mindocr.config.wording import Problem

_EVALUATION = ("eval", "postprocess", "metric")
_PREDICTION = "predict.dataset.transform_pipeline"

# Command -> the keys that it reads, each with everything below it.
USES: dict[str, tuple[str, ...]] = {
    "train": ("system", "model", "loss", "scheduler", "optimizer", "loss_scaler", "train"),
    "eval": ("system", "model", *_EVALUATION, "train.ckpt_save_dir"),
    "predict": ("system", "model", "postprocess", "predict", "eval.ckpt_load_path"),
    "export": ("system", "model", "postprocess", "eval"),
    "export --is_dynamic_shape": ("system", "model", "postprocess", "eval.ckpt_load_path", _PREDICTION),
    "fit-postprocess": ("system", "model", *_EVALUATION, "train.ckpt_save_dir"),
    "fit-postprocess --split train-holdout": ("system", "model", *_EVALUATION, "train.ckpt_save_dir", "train.dataset"),
    "export-centers": ("system", "model", "postprocess", "train.dataset", "train.loader", "eval.ckpt_load_path"),
    "replay": ("system", "model", "loss", "postprocess", "train"),
    "check-data": ("train.dataset", "eval.dataset"),
    "convert-weights": ("model",),
    "look --split train": ("system", "train.dataset"),
    "look --split eval": ("system", "eval.dataset"),
    "make-mindrecord --split train": ("train.dataset",),
    "make-mindrecord --split eval": ("eval.dataset",),
    "infer": ("system", "postprocess", "eval.dataset"),
}

# What stands in for a section that the command does not use and that cannot be read.
_STAND_INS: dict[str, dict[str, Any]] = {
    "model": {"backbone": {}, "head": {}},
    "loss": {},
    "scheduler": {"lr": 0.0, "num_epochs": 1},
    "optimizer": {},
    "train": {"dataset": {}, "loader": {"batch_size": 1}},
    "eval": {"dataset": {}},
    "predict": {"dataset": {}},
}
_SECTIONS = frozenset(Config.model_fields)


def uses(command: str | None, path: str, raw: Mapping[str, Any], text: str = "") -> bool:
    """Whether a problem stops a command.

    Args:
        command: a key of :data:`USES`; None = a command that uses everything.
        path: dotted key of the problem.
        raw: the configuration; training uses the sections of evaluation only with ``system.val_while_train``.
        text: the problem. A section that is only missing stops no command that reads a part of it.
    """
    if command is None or _parts(path)[0] not in _SECTIONS:
        return True
    used = USES[command]
    if command == "train" and lookup(raw, "system.val_while_train") is not False:
        used += _EVALUATION
    if command == "export" and raw.get("eval") is None:
        used += (_PREDICTION,)
    return any(_within(path, key) or (text != "required" and _within(key, path)) for key in used)


def concerned(path: str, text: str, raw: Mapping[str, Any]) -> list[str]:
    """The commands that a problem stops."""
    return [command for command in USES if uses(command, path, raw, text)]


def replaced(raw: Mapping[str, Any], command: str, problems: Iterable[Problem]) -> dict[str, Any]:
    """The configuration with stand-ins for the sections in which ``problems`` are; the keys that the command uses stay.

    Args:
        raw: not changed.
        command: the command that does not use what is wrong.
        problems: those of the fixed sections that the command does not use.
    """
    result = dict(raw)
    for section in {_parts(path)[0] for path, _ in problems}:
        kept: dict[str, Any] = {}
        own = raw.get(section)
        for key in USES[command]:
            above, _, below = key.partition(".")
            name = below.partition(".")[0]
            if above == section and isinstance(own, Mapping) and name in own:
                kept[name] = own[name]
        stand_in = _STAND_INS.get(section)
        result.pop(section, None)
        if kept or (stand_in is not None and Config.model_fields[section].is_required()):
            result[section] = {**(stand_in or {}), **kept}
    return result


def _within(path: str, key: str) -> bool:
    """Whether ``path`` is ``key`` or lies below it."""
    parts, above = _parts(path), _parts(key)
    return parts[: len(above)] == above


def _parts(path: str) -> list[str]:
    return path.replace("[", ".[").split(".")
